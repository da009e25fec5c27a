# shellcheck shell=bash
# Runs what uses the leased resource, and ends it when the lease is lost.

# Runs a command while the lease is held, in a process group of its own. INT, TERM, HUP and QUIT are passed on
# to it, and the lease is kept until it has ended. If the lease is lost, it gets TERM, and KILL after
# RESPO_TERM_GRACE seconds (10). It gets no terminal as its input.
# Arguments: the command. Status: that of the command; 92 if the lease was lost.
respo_run() {
  local command code=0 signal
  if [[ ! $_respo_holder ]]; then
    _respo_warn "respo_run: nothing is leased: call respo_acquire or respo_keep first"
    return 97
  fi
  ! _respo_is_over || return "$REPLY"
  local -A outer=()
  for signal in INT TERM HUP QUIT; do
    outer[$signal]=$(trap -p "SIG$signal")
  done
  command=''
  for signal in INT TERM HUP QUIT; do
    # What was ignored when the script began stays so, as under nohup.
    # shellcheck disable=SC2064
    [[ ${outer[$signal]} == *"-- '' "* ]] || trap "_respo_pass $signal" "$signal"
  done
  _respo_start "$@" || return
  _respo_tell_guard "run $command"
  [[ ! $_respo_passed ]] || _respo_pass "$_respo_passed"
  _respo_await_command
  _respo_tell_guard done
  for signal in INT TERM HUP QUIT; do
    trap - "$signal"
    eval "${outer[$signal]}"
  done
  ! _respo_is_over || code=$REPLY
  return "$code"
}

# Starts it; 'command' of respo_run is its process group: a shell, of which it is the child.
_respo_start() {
  local had_monitor=$-
  _respo_passed=''
  [[ -p $_respo_folder/codes ]] || mkfifo "$_respo_folder/codes" || return 97
  exec {_respo_codes}<>"$_respo_folder/codes"
  set -m
  (
    exec {_respo_codes}>&-
    # In the background, it would be stopped for reading from a terminal.
    [[ ! -t 0 ]] || exec </dev/null
    # The shell lives on to tell the exit code; the command gets the signals as usual.
    trap - EXIT
    trap : INT TERM HUP QUIT
    set +e
    "$@"
    # Opened for both, so that it does not wait for a reader if there is none any more.
    printf '%s\n' $? 1<>"$_respo_folder/codes"
  ) &
  command=$!
  [[ $had_monitor == *m* ]] || set +m
}

# Waits for the command's exit code, into 'code' of respo_run. It is read rather than waited for, since a 'wait'
# of bash that a trapped signal interrupts as the process ends may leave the next one waiting for ever.
_respo_await_command() {
  local lives=1
  while :; do
    if IFS= read -r -t "$lives" -u "$_respo_codes" code; then break; fi
    if [[ $lives == 0.1 ]]; then
      # It was killed with the shell that would have told.
      code=137
      break
    fi
    kill -0 "$command" 2>/dev/null || lives=0.1
  done
  exec {_respo_codes}<&-
}

# Passes a signal on to the command, or keeps it in mind until there is one.
_respo_pass() {
  _respo_passed=$1
  [[ ! ${command:-} ]] || kill "-$1" -- "-$command" 2>/dev/null || :
}

_respo_tell_guard() {
  local input=${_respo_coprocess[1]:-}
  [[ ! $input ]] || { printf '%s\n' "$1" >&"$input"; } 2>/dev/null || :
}

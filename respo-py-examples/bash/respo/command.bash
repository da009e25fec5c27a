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
  _respo_start "$@"
  _respo_tell_guard "run $command"
  [[ ! $_respo_passed ]] || _respo_pass "$_respo_passed"
  # A signal to this script ends a 'wait' too. Only one after the command's end is sure to have its status.
  while { wait "$command" || :; } 2>/dev/null && kill -0 "$command" 2>/dev/null; do :; done
  { wait "$command" || code=$?; } 2>/dev/null
  _respo_tell_guard done
  for signal in INT TERM HUP QUIT; do
    trap - "$signal"
    eval "${outer[$signal]}"
  done
  ! _respo_is_over || code=$REPLY
  return "$code"
}

# Starts it; 'command' of respo_run is its process, and its process group.
_respo_start() {
  local had_monitor=$- input=/dev/stdin
  [[ ! -t 0 ]] || input=/dev/null
  _respo_passed=''
  set -m
  (
    trap - EXIT
    if [[ $(type -t "$1") == file ]]; then exec "$@"; else "$@"; fi
  ) <"$input" &
  command=$!
  [[ $had_monitor == *m* ]] || set +m
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

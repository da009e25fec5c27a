# shellcheck shell=bash
# The holder: a coprocess that keeps the lease for as long as the script is there.
#
# The script has the only writing end of the holder's standard input (bash closes it in every other process),
# so that the holder learns of the end of the script at once, whatever ended it, SIGKILL included. It then
# ends the command that the script has left behind, and gives the lease back. Of what the holder learns, the
# last words go to the file 'end' in a directory that only the user can read.
_respo_holder='' _respo_folder='' _respo_chained=''

# Starts the holder. Arguments: a function that does its work, and its arguments. Status 97: it cannot.
_respo_start_holder() {
  if [[ $_respo_holder ]]; then
    _respo_warn "this script holds a lease already: release it first with respo_release"
    return 97
  fi
  _respo_folder=$(umask 077 && mktemp -d "${TMPDIR:-/tmp}/respo.XXXXXX") || return 97
  _respo_chain_exit
  local had_monitor=$-
  # With job control, a process group of its own: what ends the script's group must not end the holder first.
  set -m
  coproc _respo_coprocess { _respo_hold "$@"; }
  [[ $had_monitor == *m* ]] || set +m
  # shellcheck disable=SC2154  # coproc sets it
  _respo_holder=$_respo_coprocess_PID
}

# The holder itself.
_respo_hold() {
  # Signals are for the script. A CI that sends them to every process must not take the lease away from a
  # command that is still putting its bench in order.
  trap '' INT TERM HUP
  trap '_respo_leave' USR1
  trap - EXIT
  local self=$BASHPID
  _respo_guard "$self" "${RESPO_TERM_GRACE:-10}" <&0 &
  _respo_guard_process=$!
  exec </dev/null
  "$@"
}

# Ends the command when the script is gone, when the holder is, or when it is told that the lease is lost
# (USR1). What the script says to it: 'run GROUP' and 'done'. Arguments: the holder, seconds of grace.
_respo_guard() {
  local holder=$1 grace=$2 group='' line='' part code lost=''
  trap 'lost=1; _respo_end_group "$group" "$grace"; group=""' USR1
  while :; do
    code=0
    IFS= read -r -t 1 part || code=$?
    line+=$part
    if ((code == 0)); then
      case $line in
        'run '*)
          group=${line#run }
          # It was lost before the command began.
          [[ ! $lost ]] || _respo_end_group "$group" "$grace"
          ;;
        done) group='' ;;
      esac
      line=''
    elif ((code <= 128)); then
      break
    elif ! kill -0 "$holder" 2>/dev/null; then
      break
    fi
  done
  _respo_end_group "$group" "$grace"
  # A signal that comes just before a 'read' does not interrupt it, and only the next one does.
  while kill -USR1 "$holder" 2>/dev/null; do _respo_pause 100; done
}

# Ends a process group: TERM, and KILL after a grace. Arguments: the group or nothing, the seconds.
_respo_end_group() {
  # This runs in traps, too, and there in the middle of a 'read' with an IFS of its own.
  local IFS=$' \t\n' group=$1 end
  [[ $group ]] && kill -TERM -- "-$group" 2>/dev/null || return 0
  kill -CONT -- "-$group" 2>/dev/null || :
  _respo_now && end=$((REPLY + $2 * 1000))
  while _respo_group_lives "$group"; do
    _respo_now
    if ((REPLY >= end)); then
      kill -KILL -- "-$group" 2>/dev/null || :
      return 0
    fi
    _respo_pause 50
  done
}

# Whether anybody in a process group lives; who is dead but not yet buried by its parent does not count.
_respo_group_lives() {
  local stat state group
  kill -0 -- "-$1" 2>/dev/null || return 1
  [[ -r /proc/self/stat ]] || return 0
  for stat in "/proc/$1/stat" /proc/[0-9]*/stat; do
    { IFS= read -r state <"$stat"; } 2>/dev/null || continue
    # After the name, which may have blanks in it: state, parent, group.
    read -r state _ group _ <<<"${state##*) }"
    [[ $group != "$1" || $state == [ZX] ]] || return 0
  done
  return 1
}

# Within the holder: the lease or the request is over. Arguments: the exit code for the script, and why.
_respo_over() {
  printf '%s\n%s\n' "$1" "$2" >"$_respo_folder/end"
  kill -USR1 "$_respo_guard_process" 2>/dev/null || :
  if [[ $_respo_granted ]]; then
    _respo_warn "the lease is lost: $2"
  else
    [[ ! $2 ]] || _respo_warn "$2"
  fi
  printf 'over\n' || :
  # It ends when the script has taken note.
  while :; do _respo_pause 3600000; done
}

# Within the holder: the script is gone, or wants no more of it (USR1). It may have left word that the lease
# goes on without it.
_respo_leave() {
  trap '' USR1
  _respo_is_leaving=1
  # In the middle of a 'read' with an IFS of its own.
  local IFS=$' \t\n' curl=${_respo_curl:-}
  if [[ ! $_respo_token && ${_respo_key:-} && ! -s $_respo_folder/end ]]; then
    # The request has been sent, and the answer is still to come.
    _respo_post
    ! respo_json_read "$RESPO_ANSWER" || _respo_token=${RESPO_JSON['#/token']:-} _respo_id=${RESPO_JSON['#/id']:-}
  fi
  if [[ $_respo_token && ! -s $_respo_folder/end && ! -e $_respo_folder/leave ]]; then
    _respo_give_back "$_respo_id" "$_respo_token" "$_respo_pool" || :
    [[ ! $_respo_file ]] || rm -f "$_respo_file"
  fi
  [[ ! $curl ]] || kill -KILL "$curl" 2>/dev/null || :
  rm -rf "$_respo_folder" "${_respo_draft:-$_respo_folder}"
  exit 0
}

# Releases a lease, or takes a request back; for 5 seconds, if respod is away. Arguments: id, token, pool.
# Status 1: it did not come to that.
_respo_give_back() {
  local end target=/v1/requests/$1
  [[ ! $3 ]] || { _respo_encode "$3" && target+="?pool=$REPLY"; }
  _respo_now && end=$((REPLY + 5000))
  while :; do
    respo_call DELETE "$target" "$2" '' 5
    ((RESPO_STATUS < 200 || RESPO_STATUS >= 500)) || return 0
    _respo_now
    ((REPLY < end)) || return 1
    _respo_pause 200
  done
}

# REPLY is the exit code if the lease is over. Status 1: it is not.
_respo_is_over() {
  REPLY=''
  if [[ -s $_respo_folder/end ]]; then
    IFS= read -r REPLY <"$_respo_folder/end"
  elif ! kill -0 "$_respo_holder" 2>/dev/null; then
    _respo_warn "the lease is lost: the process that held it was ended"
    REPLY=92
  fi
  [[ $REPLY ]]
}

# Waits for the holder's first words. Status: 0 once it has the lease, else the exit code.
_respo_await_holder() {
  local news='' code=0
  # shellcheck disable=SC2154
  IFS= read -r news <&"${_respo_coprocess[0]:-0}" || news=''
  [[ $news != held ]] || return 0
  _respo_is_over || REPLY=97
  code=$REPLY
  respo_release
  return "$code"
}

# Gives back what the script holds, or leaves the queue. It happens by itself when the script ends.
respo_release() {
  [[ $_respo_holder ]] || return 0
  local input=${_respo_coprocess[1]:-}
  [[ ! $input ]] || eval "exec $input>&-"
  # No 'wait': see _respo_await_command.
  while kill -0 "$_respo_holder" 2>/dev/null; do _respo_pause 20; done
  rm -rf "$_respo_folder"
  _respo_holder='' _respo_folder=''
}

# Releases on exit, and does what the script wants to be done then, too.
_respo_chain_exit() {
  local trap
  [[ ! $_respo_chained ]] || return 0
  trap=$(trap -p EXIT)
  if [[ $trap ]]; then
    eval "set -- $trap"
    _respo_chained=$3
  else
    _respo_chained=:
  fi
  trap '_respo_code=$?; _respo_exit' EXIT
}

_respo_exit() {
  respo_release
  # The trap finds the exit code of the script, as if it were alone.
  (exit "$_respo_code") && :
  eval "$_respo_chained"
}

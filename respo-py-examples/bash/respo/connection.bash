# shellcheck shell=bash
# A lease that is held by a connection: 'POST /lock' of respod, which curl keeps open in the holder.

# Waits for a lease, and holds it until respo_release or the end of the script, however it ends. Sets the
# variables that respo/environment.bash lists.
# Arguments: requirements ('location=office1 +can'), and options, each with a value:
#   --url, --pool, --name, --description, --tag KEY=VALUE, --priority N
#   --wait DURATION, or --no-wait   how long to wait; 'forever' is the default
#   --linger DURATION               how long the lease outlives a broken connection while respod runs
#   --max-duration DURATION         the lease ends at the latest this long after its grant
# Status: 0, or one of respo/exit_codes.bash.
respo_acquire() {
  local _respo_request _respo_pool _respo_wait _respo_linger _respo_max_duration _respo_ttl _respo_file
  _respo_read_request connection "$@" || return
  _respo_start_holder _respo_hold_connection || return
  _respo_await_holder || return
  respo_environment "$_respo_folder/lease.json"
}

# Within the holder: asks, waits, holds, and comes back when the connection breaks.
_respo_hold_connection() {
  _respo_token='' _respo_id='' _respo_granted='' _respo_lease_end='' _respo_file='' _respo_key='' _respo_grace=''
  _respo_now && _respo_last=$REPLY
  _respo_wait_end=${_respo_wait:+$((REPLY + _respo_wait))}
  _respo_open '' "$_respo_request"
  while :; do
    _respo_follow
    _respo_stop_curl "$_respo_folder"
    [[ $_respo_token ]] || _respo_give_up
    _respo_come_back
  done
}

# There is neither a grant nor a place in the queue.
_respo_give_up() {
  if ((RESPO_STATUS > 0)); then
    _respo_refusal "$_respo_answer"
    _respo_over "$REPLY" ''
  fi
  _respo_url
  _respo_over 93 "cannot reach respod at $REPLY: $RESPO_FAILURE"
}

# Opens a stream of /lock. Arguments: a token to resume, or the request.
_respo_open() {
  local query='' token=$1 request=$2
  [[ ! $_respo_pool ]] || { _respo_encode "$_respo_pool" && query="&pool=$REPLY"; }
  [[ ! $token ]] || query+="&resume=$token"
  _respo_start_curl "$_respo_folder" POST "/lock${query:+?${query#&}}" '' '' "$request"
  _respo_answer='' _respo_said='' RESPO_STATUS=0
}

# Reads one line of the stream into 'line'. Arguments: how many milliseconds to wait for it.
# Status 1: the connection has ended, or there was no sign of respod for so long.
_respo_read_line() {
  local code=0
  _respo_seconds $(($1 > 0 ? $1 : 1))
  IFS= read -r -t "$REPLY" -u "$_respo_stream" line || code=$?
  ((code != 1)) || _respo_finished=1
  return "$code"
}

# Follows the stream until the connection ends, or is silent for longer than a respod ever is.
_respo_follow() {
  local line
  while _respo_read_line 16000; do
    _respo_take "$line" || return 0
  done
}

# Takes note of a line. Status 1: it was the last. It does not return when the request or lease is over.
_respo_take() {
  local event
  if [[ ! $_respo_said && $1 =~ ^[0-9]{3}$ ]]; then
    # There was an answer, and it was no stream: a refusal.
    RESPO_STATUS=$((10#$1)) _respo_finished=1
    return 1
  fi
  if ! respo_json_read "$1" || [[ ! ${RESPO_JSON['#/event']:-} ]]; then
    _respo_answer+=$1
    return 0
  fi
  event=${RESPO_JSON['#/event']} _respo_said=1
  _respo_now && _respo_last=$REPLY
  case $event in
    queued) _respo_take_place ;;
    granted) _respo_take_grant ;;
    draining) _respo_warn "respod stops, and ends the lease in ${RESPO_JSON['#/deadline_seconds']:-some} s" ;;
    restarting)
      _respo_take_grace
      _respo_say "respod restarts"
      return 1
      ;;
    ended) _respo_take_end ;;
  esac
}

# How long the next respod waits for its clients, in milliseconds.
_respo_take_grace() {
  _respo_grace=${RESPO_JSON['#/grace_seconds']:-}
  if [[ $_respo_grace =~ ^[0-9]{1,9} ]]; then _respo_grace=$((10#${BASH_REMATCH[0]} * 1000)); else _respo_grace=''; fi
}

_respo_take_place() {
  [[ ! ${RESPO_JSON['#/request/token']:-} ]] || _respo_token=${RESPO_JSON['#/request/token']}
  _respo_id=${RESPO_JSON['#/request/id']:-$_respo_id}
  _respo_tell_place '#/request'
}

_respo_take_grant() {
  local id=${RESPO_JSON['#/lease/id']:-}
  if [[ $_respo_granted ]]; then
    # It was taken up again.
    [[ $id == "$_respo_id" ]] || _respo_over 92 "respod speaks of lease $id in place of $_respo_id"
    return 0
  fi
  _respo_token=${RESPO_JSON['#/lease/token']:-$_respo_token} _respo_id=$id
  respo_json_part '#/lease'
  if ! _respo_write_lease "$_respo_folder/lease.json" "$REPLY" ''; then
    _respo_over 97 "the lease file cannot be written to $_respo_folder"
  fi
  _respo_lease_end=${_respo_max_duration:+$((_respo_last + _respo_max_duration))}
  _respo_granted=1
  _respo_say "granted: ${RESPO_JSON['#/lease/resource/name']:-lease $id}"
  printf 'held\n' || :
}

_respo_take_end() {
  local reason=${RESPO_JSON['#/reason']:-} detail=${RESPO_JSON['#/detail']:-}
  REPLY=92
  [[ $_respo_granted ]] || _respo_code_of_end "$reason"
  _respo_over "$REPLY" "$reason: $detail"
}

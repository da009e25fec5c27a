# shellcheck shell=bash
# Takes a request or a lease up again after its connection broke: docs/protocol.md of respo, "Coming back".
#
# Without a linger, a lease counts as lost 17 s after the last sign of respod, before anybody else can have
# been granted its resource. A connection that is refused, and a 502 or 503, are signs: where there is no
# respod, nobody grants anything, and one that has just started waits for its clients first: for its grace, which it
# tells where it stops, or for the linger if that is longer. A short grace may be over before the 17 s are.
_respo_patience=17000

# Within the holder: tries until there is a stream again. It does not return when there will be none.
_respo_come_back() {
  local pause=100 now away='' line lost_at patience
  patience=${_respo_grace:-$_respo_patience}
  patience=$((patience < _respo_patience ? patience : _respo_patience))
  patience=$((patience > _respo_linger ? patience : _respo_linger))
  while :; do
    _respo_now && now=$REPLY
    lost_at=$((_respo_last + patience))
    ((lost_at >= now + 750)) || lost_at=$((now + 750))
    _respo_bound "$now"
    _respo_open "$_respo_token" ''
    if _respo_first_line $((lost_at - now)); then
      _respo_now && _respo_last=$REPLY
      _respo_grace=''
      [[ ! $away ]] || _respo_say "respod is back, and the $_respo_what goes on"
      return 0
    fi
    _respo_stop_curl "$_respo_folder"
    _respo_judge
    if [[ ! $away ]]; then
      away=1
      _respo_say "the connection broke (${RESPO_FAILURE:-it was closed}): trying to come back"
    fi
    _respo_now
    if ((REPLY >= lost_at && _respo_last + patience <= REPLY)); then
      _respo_lose "no sign of respod for too long: ${RESPO_FAILURE:-the connection was closed}"
    fi
    _respo_pause $((pause / 2 + RANDOM % (pause / 2)))
    pause=$((pause * 2 < 2000 ? pause * 2 : 2000))
  done
}

# Reads up to the first line that says where the request stands, and takes note of it.
# Arguments: how many milliseconds there are. Status 1: there was none.
_respo_first_line() {
  # Nothing is a sign of respod before it has said that the request or lease goes on.
  local end line _respo_last=$_respo_last
  _respo_what=${_respo_granted:+lease}
  _respo_what=${_respo_what:-request}
  _respo_now && end=$((REPLY + $1))
  while _respo_now && _respo_read_line $((end - REPLY)); do
    _respo_take "$line" || return 1
    case ${RESPO_JSON['#/event']:-} in
      queued | granted) return 0 ;;
    esac
  done
  return 1
}

# Makes something of an attempt that failed: returns if another one is worth its while.
_respo_judge() {
  local code=''
  ! respo_json_read "$_respo_answer" || code=${RESPO_JSON['#/code']:-}
  _respo_setback "$RESPO_STATUS" "$code"
  case $REPLY in
    absent) _respo_now && _respo_last=$REPLY ;;
    refused) _respo_lose "${code:-status $RESPO_STATUS}: ${RESPO_JSON['#/detail']:-respod does not know it}" ;;
  esac
}

# What has an end is over then, whatever is known of respod. Arguments: now.
_respo_bound() {
  if [[ $_respo_granted && $_respo_lease_end ]] && (($1 >= _respo_lease_end)); then
    _respo_lose "its maximum duration was reached while respod was away"
  elif [[ ! $_respo_granted && $_respo_wait_end ]] && (($1 >= _respo_wait_end)); then
    _respo_lose "respod was away when the time to wait was over"
  fi
}

_respo_lose() {
  _respo_over "$([[ $_respo_granted ]] && printf 92 || printf 93)" "$1"
}

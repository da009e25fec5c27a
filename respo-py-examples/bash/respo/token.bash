# shellcheck shell=bash
# Token leases, '/v1/leases' of respod, for scripts that cannot keep a connection: a job of several steps, of
# which each is a process of its own. The lease is in a file, lives for its ttl, and is renewed while it is used.
#
#   respo_take --ttl 2m --file lease.json 'location=office1'      # in one process
#   respo_keep --file lease.json && respo_run ./flash.sh          # in another one
#   respo_give lease.json                                         # at the end

# Waits for a token lease and writes its file (mode 0600, the form of 'rpclient acquire'). Whoever has the file
# can do everything with the lease. While it waits, the file has the request, and a script that ends leaves
# the queue. Arguments: those of respo_acquire without --linger, and
#   --ttl DURATION   how long the lease lives without being renewed (60s)
#   --file FILE      where to write it (RESPO_LEASE_FILE, or respo-lease.json)
# Status: 0, or one of respo/exit_codes.bash.
respo_take() {
  local _respo_request _respo_pool _respo_wait _respo_linger _respo_max_duration _respo_ttl _respo_file file
  _respo_read_request token "$@" || return
  _respo_is_unused "$_respo_file" || return
  file=$_respo_file
  _respo_start_holder _respo_hold_taking || return
  _respo_await_holder || return
  : >"$_respo_folder/leave"
  respo_release
  respo_environment "$file"
}

# Renews the lease of a file in the background until respo_release or the end of the script, and sets the
# variables that respo/environment.bash lists. Arguments:
#   --file FILE      the lease (RESPO_LEASE_FILE, or respo-lease.json)
#   --ttl DURATION   how long it lives from each renewal, where the file does not say
#   --release        give the lease back at the end; without it, it lives on for its ttl, for the next step
# Status: 0, 92 if the lease is over, or one of respo/exit_codes.bash.
respo_keep() {
  local _respo_file=${RESPO_LEASE_FILE:-respo-lease.json} _respo_ttl='' ends=''
  local _respo_id _respo_token _respo_pool
  while (($# > 0)); do
    case $1 in
      --release) ends=1 && shift && continue ;;
      --file=* | --ttl=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
    esac
    (($# > 1)) || { _respo_warn "$1 needs a value" && return 2; }
    case $1 in
      --file) _respo_file=$2 ;;
      --ttl) _respo_ttl=$2 ;;
      *) _respo_warn "there is no option $1 here" && return 2 ;;
    esac
    shift 2
  done
  _respo_read_lease "$_respo_file" || return
  _respo_start_holder _respo_hold_renewing || return
  [[ $ends ]] || : >"$_respo_folder/leave"
  _respo_await_holder || return
  respo_environment "$_respo_file"
}

# Gives back the lease of a file, or takes its request back, and removes the file. Arguments: the file.
# Status: 0, also where there is no file; 92 if the lease was over already; 93 if respod cannot be reached.
respo_give() {
  local file=${1:-${RESPO_LEASE_FILE:-respo-lease.json}} _respo_id _respo_token _respo_pool _respo_ttl=''
  if [[ ! -e $file ]]; then
    _respo_say "there is no $file, so nothing is leased"
    return 0
  fi
  _respo_read_lease "$file" || return
  if ! _respo_give_back "$_respo_id" "$_respo_token" "$_respo_pool"; then
    _respo_warn "lease $_respo_id cannot be released, and ends by itself: ${RESPO_FAILURE:-$RESPO_STATUS}"
    return 93
  fi
  rm -f "$file"
  case $RESPO_STATUS in
    2??) _respo_say "released" ;;
    *)
      _respo_warn "lease $_respo_id was over already"
      return 92
      ;;
  esac
}

# What is in a lease file, into _respo_id, _respo_token, _respo_pool and _respo_ttl. Status 97: it is none.
_respo_read_lease() {
  if [[ ! -r $1 ]] || ! respo_json_read "$(<"$1")" || [[ ! ${RESPO_JSON['#/token']:-} ]]; then
    _respo_warn "$1 is no lease file"
    return 97
  fi
  _respo_id=${RESPO_JSON['#/id']} _respo_token=${RESPO_JSON['#/token']}
  _respo_pool=${RESPO_JSON['#/pool']:-}
  _respo_ttl=${_respo_ttl:-${RESPO_JSON['#/ttl']:-60s}}
  RESPO_URL=${RESPO_JSON['#/url']:-${RESPO_URL:-}}
}

# Whether a lease may be written there: a file whose lease is not over is not written over.
_respo_is_unused() {
  local _respo_id _respo_token _respo_pool _respo_ttl RESPO_URL=${RESPO_URL:-}
  [[ -e $1 ]] || return 0
  _respo_read_lease "$1" || return
  _respo_target leases ''
  respo_call GET "$REPLY" "$_respo_token" '' 5
  if [[ $RESPO_STATUS != 4?? ]]; then
    _respo_warn "$1 has lease $_respo_id, which is not known to be over: release it first, or take another file"
    return 97
  fi
}

# REPLY is a path of this lease or request. Arguments: 'leases' or 'requests', and what follows the id.
_respo_target() {
  local target=/v1/$1/$_respo_id$2
  if [[ $_respo_pool ]]; then
    _respo_encode "$_respo_pool"
    target+="?pool=$REPLY"
  fi
  REPLY=$target
}

# Within the holder: asks for the lease, waits for it, and writes its file.
_respo_hold_taking() {
  local key attempt
  _respo_token='' _respo_id='' _respo_granted='' _respo_position=''
  # With it, a request whose answer was lost can be sent again, and is still only one.
  key=$(od -An -N16 -tx1 /dev/urandom) && _respo_key=${key//[[:space:]]/}
  for attempt in 1 2 3; do
    _respo_post
    _respo_setback "$RESPO_STATUS" ''
    [[ $RESPO_STATUS != 2?? && $REPLY == unknown ]] || break
    _respo_pause $((attempt * 300))
  done
  if ((RESPO_STATUS == 0)); then
    _respo_url
    _respo_over 93 "cannot reach respod at $REPLY: $RESPO_FAILURE"
  fi
  while [[ ! $_respo_granted ]]; do
    _respo_take_answer
  done
  printf 'held\n'
  while :; do _respo_pause 3600000; done
}

# Makes the request, or, with the same key, asks what became of it.
_respo_post() {
  local target=/v1/leases
  [[ ! $_respo_pool ]] || { _respo_encode "$_respo_pool" && target+="?pool=$REPLY"; }
  respo_call POST "$target" '' "$_respo_request" 10 "$_respo_key"
}

# Makes something of an answer that says what became of the request, and asks again while it waits.
_respo_take_answer() {
  local pause=200
  case $RESPO_STATUS in
    201 | 303) _respo_take_lease ;;
    200 | 202) _respo_take_waiting ;;
    *) _respo_take_refusal ;;
  esac
  while [[ ! $_respo_granted ]]; do
    _respo_target requests ''
    REPLY+=$([[ $REPLY == *'?'* ]] && printf '&' || printf '?')wait=30s
    respo_call GET "$REPLY${_respo_position:+&position=$_respo_position}" "$_respo_token" '' 40
    _respo_setback "$RESPO_STATUS" ''
    [[ $RESPO_STATUS != [23]?? && $REPLY != refused ]] || break
    _respo_pause "$pause"
    pause=$((pause * 2 < 2000 ? pause * 2 : 2000))
  done
}

_respo_take_lease() {
  if ! respo_json_read "$RESPO_ANSWER" || [[ ! ${RESPO_JSON['#/id']:-} ]]; then
    _respo_over 96 "what answers does not talk like a respod"
  fi
  _respo_token=${RESPO_JSON['#/token']:-$_respo_token} _respo_id=${RESPO_JSON['#/id']}
  _respo_save "$RESPO_ANSWER"
  _respo_granted=1
  _respo_say "granted: ${RESPO_JSON['#/resource/name']:-lease $_respo_id}"
}

_respo_take_waiting() {
  if ! respo_json_read "$RESPO_ANSWER" || [[ ! ${RESPO_JSON['#/id']:-} ]]; then
    _respo_over 96 "what answers does not talk like a respod"
  fi
  if [[ ! $_respo_token ]]; then
    _respo_token=${RESPO_JSON['#/token']:-} _respo_id=${RESPO_JSON['#/id']}
    _respo_pool=${RESPO_JSON['#/pool']:-$_respo_pool}
    _respo_save "$RESPO_ANSWER"
  fi
  if [[ ${RESPO_JSON['#/position']:-} != "$_respo_position" ]]; then
    _respo_position=${RESPO_JSON['#/position']:-}
    _respo_tell_place '#'
  fi
}

_respo_take_refusal() {
  if [[ $_respo_token ]] && respo_json_read "$RESPO_ANSWER"; then
    rm -f "$_respo_file"
    _respo_code_of_end "${RESPO_JSON['#/reason']:-}"
    _respo_over "$REPLY" "${RESPO_JSON['#/detail']:-status $RESPO_STATUS}"
  fi
  _respo_refusal "$RESPO_ANSWER"
  _respo_over "$REPLY" ''
}

# Writes the lease file. An answer to a GET may be without the token.
_respo_save() {
  local json=$1
  if [[ ! ${RESPO_JSON['#/token']:-} ]]; then
    respo_json_quote "$_respo_token"
    json="{\"token\":$REPLY,${json#'{'}"
  fi
  if ! _respo_write_lease "$_respo_file" "$json" "$_respo_ttl"; then
    _respo_over 97 "the lease file cannot be written to $_respo_file"
  fi
}

# Within the holder: renews at a third of the ttl, and gives the lease up when respod has not answered for so
# long that it may be over before the command has had time to end.
_respo_hold_renewing() {
  local ttl margin end sent pause=100 code limit within held='' failed=''
  _respo_granted=1
  respo_milliseconds "$_respo_ttl" && ttl=${REPLY:-60000} || _respo_over 2 "'$_respo_ttl' is no ttl"
  margin=$((${RESPO_TERM_GRACE:-10} * 1000 < ttl / 3 ? ${RESPO_TERM_GRACE:-10} * 1000 : ttl / 3))
  limit=$((ttl / 3 < 10000 ? ttl / 3 : 10000))
  _respo_now && end=$((REPLY + ttl - margin))
  while :; do
    _respo_now && sent=$REPLY
    within=$((end - sent < limit ? end - sent : limit))
    if ((within <= 0)); then
      [[ ! $failed ]] || _respo_renewed_too_late
      # This process was stopped. An attempt that succeeds is proof.
      within=750
    fi
    _respo_seconds "$within" && within=$REPLY
    _respo_target leases /renew
    respo_call POST "$REPLY" "$_respo_token" "{\"ttl\":\"$_respo_ttl\"}" "$within"
    if [[ $RESPO_STATUS == 200 ]]; then
      end=$((sent + ttl - margin)) pause=100 failed=''
      [[ $held ]] || printf 'held\n'
      held=1
      _respo_now
      _respo_pause $((sent + ttl / 3 > REPLY ? sent + ttl / 3 - REPLY : 0))
      continue
    fi
    code='' failed=1
    ! respo_json_read "$RESPO_ANSWER" || code=${RESPO_JSON['#/code']:-}
    _respo_setback "$RESPO_STATUS" "$code"
    case $REPLY in
      # Where nobody grants anything, nobody else is granted it; and after a start it has its whole ttl again.
      absent) _respo_now && end=$((REPLY + ttl - margin)) ;;
      refused) _respo_over 92 "${code:-status $RESPO_STATUS}: ${RESPO_JSON['#/detail']:-}" ;;
    esac
    # The last attempts come closer together. With less than 50 ms left, no other one is worth its while.
    _respo_now && within=$(((end - REPLY) / 2))
    ((within >= 25)) || _respo_renewed_too_late
    _respo_pause $((pause < within ? pause : within))
    pause=$((pause * 2 < 2000 ? pause * 2 : 2000))
  done
}

_respo_renewed_too_late() {
  _respo_over 92 "it could not be renewed in time: ${RESPO_FAILURE:-status $RESPO_STATUS}"
}

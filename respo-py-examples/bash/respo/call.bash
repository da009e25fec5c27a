# shellcheck shell=bash
# Calls of respod with curl. No token is ever an argument of a program, where others could see it in 'ps'.

_respo_url() {
  REPLY=${RESPO_URL:-http://127.0.0.1:7373}
  REPLY=${REPLY%/}
}

# The configuration that curl reads, with the address and the secrets.
# Arguments: path and query, a token, an idempotency key.
_respo_curl_configuration() {
  _respo_url
  printf 'url = "%s%s"\n' "$REPLY" "$1"
  [[ ! ${2:-} ]] || printf 'header = "Authorization: Bearer %s"\n' "$2"
  [[ ! ${3:-} ]] || printf 'header = "Idempotency-Key: %s"\n' "$3"
}

# REPLY is a text as a part of a query.
_respo_encode() {
  local LC_ALL=C text=$1 at sign encoded=''
  for ((at = 0; at < ${#text}; at++)); do
    sign=${text:at:1}
    case $sign in
      [A-Za-z0-9._~-]) encoded+=$sign ;;
      *) printf -v sign '%%%02X' "'$sign" && encoded+=%${sign: -2} ;;
    esac
  done
  REPLY=$encoded
}

# Starts curl; its output is read from descriptor _respo_stream. Arguments: a folder that only the user can
# read, method, path and query, token, idempotency key, body as JSON, and more options of curl; all but the
# first three may be empty.
_respo_start_curl() {
  local folder=$1 method=$2 target=$3 token=$4 key=$5 body=$6
  local -a data=()
  shift 6
  if [[ $body ]]; then
    printf '%s' "$body" >"$folder/body"
    data=(--header 'Content-Type: application/json' --data-binary "@$folder/body")
  fi
  _respo_curl_configuration "$target" "$token" "$key" >"$folder/call"
  # Its file of defaults is left out, and what it says of the connection is needed in English.
  exec {_respo_stream}< <(
    LC_ALL=C exec curl --disable --silent --show-error --no-buffer --verbose --request "$method" \
      --header 'Expect:' --connect-timeout 5 ${data[@]+"${data[@]}"} --config "$folder/call" \
      --write-out '\n%{http_code}\n' "$@" 2>"$folder/curl" </dev/null
  )
  _respo_curl=$! _respo_finished=''
}

# Ends curl, if it has not said its last word. What it has to say of the connection is in RESPO_FAILURE and
# _respo_absent. Arguments: the folder.
_respo_stop_curl() {
  local code=0
  [[ $_respo_finished ]] || kill -KILL "$_respo_curl" 2>/dev/null || :
  # A 'wait' that a trapped signal interrupts may leave the next one waiting for ever, as the one within the
  # holder's trap would be. What the guard tells the holder it tells again and again.
  local -i is_deaf=0
  [[ ! ${_respo_guard_process:-} || ${_respo_is_leaving:-} ]] || is_deaf=1
  ((!is_deaf)) || trap '' USR1
  { wait "$_respo_curl" || code=$?; } 2>/dev/null
  ((!is_deaf)) || trap '_respo_leave' USR1
  exec {_respo_stream}<&-
  _respo_explain "$1/curl" "$code"
}

# Makes one call. Arguments: method, path and query, token, body as JSON, seconds it may take, idempotency key;
# the last of them may be left out, and token and body empty. RESPO_STATUS is the status of the answer, 0 if
# there was none, and RESPO_ANSWER its body; RESPO_FAILURE says why there was none, and _respo_absent is not
# empty if nobody listens there. A signal that is trapped is not held up by it.
respo_call() {
  local IFS=$' \t\n' folder answer='' _respo_stream
  # In the holder's folder, if there is one, which goes with it.
  folder=$(umask 077 && mktemp -d "${_respo_folder:-${TMPDIR:-/tmp}}/respo.XXXXXX") || return 97
  _respo_start_curl "$folder" "$1" "$2" "$3" "${6:-}" "$4" --max-time "$5"
  IFS= read -r -d '' -u "$_respo_stream" answer || :
  _respo_finished=1
  _respo_stop_curl "$folder"
  rm -rf "$folder"
  answer=${answer%$'\n'}
  RESPO_STATUS=${answer##*$'\n'} RESPO_ANSWER=${answer%$'\n'*}
  if [[ $RESPO_STATUS =~ ^[0-9]{3}$ && $_respo_ended == 0 ]]; then
    RESPO_STATUS=$((10#$RESPO_STATUS))
  else
    RESPO_STATUS=0 RESPO_ANSWER=''
  fi
}

# What curl says of a connection that could not be made. Arguments: its log, its exit code. Only where every
# address has refused the connection is it certain that nobody is there.
_respo_explain() {
  local line refused='' other=''
  RESPO_FAILURE="curl ended with $2" _respo_absent='' _respo_ended=$2
  while IFS= read -r line; do
    case $line in
      '*'*' failed: Connection refused'*) refused=1 ;;
      '*'*' failed: '*) other=1 ;;
      'curl: ('*) RESPO_FAILURE=${line#curl: } ;;
    esac
  done <"$1"
  if [[ $2 == 7 && $refused && ! $other ]]; then
    _respo_absent=1
    RESPO_FAILURE='connection refused'
  fi
}

# What a call that did not succeed tells of respod: REPLY is
#   absent   it is not there, or says that it grants nothing: nobody else is granted anything either
#   unknown  it may be there
#   refused  it has answered, and the answer is no
# Arguments: the status, and the code of the problem, if there is one.
_respo_setback() {
  case $1:$2 in
    0:*) REPLY=${_respo_absent:+absent} && REPLY=${REPLY:-unknown} ;;
    503:overloaded | 503:store_unavailable) REPLY=unknown ;;
    502:* | 503:*) REPLY=absent ;;
    408:* | 429:* | 5??:*) REPLY=unknown ;;
    *) REPLY=refused ;;
  esac
}

# Says what respod refuses. REPLY is the exit code for it. Arguments: a problem document.
_respo_refusal() {
  local code
  if ! respo_json_read "$1" || [[ ! ${RESPO_JSON['#/code']:-} ]]; then
    _respo_url
    _respo_warn "what answers at $REPLY does not talk like a respod"
    REPLY=96
    return
  fi
  code=${RESPO_JSON['#/code']}
  _respo_warn "$code: ${RESPO_JSON['#/detail']:-${RESPO_JSON['#/title']:-}}"
  _respo_code_of_problem "$code"
}

# shellcheck shell=bash
# Calls of respod with curl. No token is ever an argument of a program, where others could see it in 'ps'.

_respo_url() {
  REPLY=${RESPO_URL:-http://127.0.0.1:7373}
  REPLY=${REPLY%/}
}

# The configuration that curl reads, with the address and the token. Arguments: path and query, and a token.
_respo_curl_configuration() {
  _respo_url
  printf 'url = "%s%s"\n' "$REPLY" "$1"
  [[ ! ${2:-} ]] || printf 'header = "Authorization: Bearer %s"\n' "$2"
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

# Makes one call. Arguments: method, path and query, token (may be empty), body as JSON (may be empty),
# seconds it may take. RESPO_STATUS is the status of the answer, 0 if there was none, and RESPO_ANSWER its
# body; RESPO_FAILURE says why there was none, and _respo_absent is not empty if nobody listens there.
respo_call() {
  local method=$1 target=$2 token=$3 body=$4 seconds=$5 answer code=0 log
  local -a data=()
  [[ ! $body ]] || data=(--header 'Content-Type: application/json' --data-binary @-)
  log=$(mktemp) || return 97
  answer=$(
    printf '%s' "$body" | LC_ALL=C curl --disable --silent --show-error --verbose --request "$method" \
      --header 'Expect:' --connect-timeout 5 --max-time "$seconds" --write-out '\n%{http_code}' \
      "${data[@]}" --config <(_respo_curl_configuration "$target" "$token") 2>"$log"
  ) || code=$?
  RESPO_STATUS=${answer##*$'\n'} RESPO_ANSWER=${answer%$'\n'*}
  [[ $RESPO_STATUS =~ ^[0-9]+$ ]] || RESPO_STATUS=0 RESPO_ANSWER=''
  RESPO_STATUS=$((10#$RESPO_STATUS)) RESPO_FAILURE='' _respo_absent=''
  if ((code != 0)); then
    RESPO_STATUS=0
    _respo_explain "$log" "$code"
  fi
  rm -f "$log"
}

# What curl says of a connection that could not be made. Arguments: its log, its exit code. Only where every
# address has refused the connection is it certain that nobody is there.
_respo_explain() {
  local line refused='' other=''
  RESPO_FAILURE="curl ended with $2" _respo_absent=''
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

# shellcheck shell=bash
# The request, from options as rpclient has them to the JSON that respod takes.

# Reads options and requirements. Arguments: 'connection' or 'token', and then the words. After it there are
# _respo_request (the JSON), _respo_pool, _respo_wait and _respo_linger, _respo_max_duration (milliseconds,
# empty for no end), and for 'token' _respo_ttl and _respo_file. Status 2: something is not right, and it was said.
_respo_read_request() {
  local kind=$1 option requirements='' tags='' more='' name=${RESPO_NAME:-${USER:-$(id -un)}@${HOSTNAME:-}}
  shift
  _respo_pool=${RESPO_POOL:-} _respo_wait='' _respo_linger=0 _respo_max_duration=''
  _respo_ttl=60s _respo_file=${RESPO_LEASE_FILE:-respo-lease.json}
  while (($# > 0)); do
    option=$1
    case $option in
      --) shift && break ;;
      --no-wait) set -- --wait 0 "${@:2}" && continue ;;
      --*=*) set -- "${option%%=*}" "${option#*=}" "${@:2}" && continue ;;
      --*)
        (($# > 1)) || { _respo_warn "$option needs a value" && return 2; }
        _respo_option "$2" || return 2
        shift 2
        ;;
      *) _respo_add_requirement "$option" || return 2 && shift ;;
    esac
  done
  while (($# > 0)); do
    _respo_add_requirement "$1" || return 2
    shift
  done
  [[ $requirements ]] || requirements='{}'
  respo_json_quote "$name"
  more+=",\"name\":$REPLY"
  [[ ! $tags ]] || more+=",\"tags\":{$tags}"
  _respo_request="{\"requirements\":[$requirements]$more}"
}

_respo_add_requirement() {
  if ! respo_requirement "$1"; then
    _respo_warn "the requirement '$1' is not right: $REPLY"
    return 2
  fi
  requirements+=${requirements:+,}$REPLY
}

# One option with its value, into the variables of _respo_read_request.
_respo_option() {
  local value=$1
  case $kind$option in
    *--url) RESPO_URL=$value ;;
    *--pool) _respo_pool=$value ;;
    *--name) name=$value ;;
    *--description) respo_json_quote "$value" && more+=",\"description\":$REPLY" ;;
    *--priority)
      [[ $value =~ ^-?[0-9]{1,4}$ ]] || { _respo_warn "--priority: '$value' is no whole number" && return 2; }
      more+=",\"priority\":$value"
      ;;
    *--tag)
      [[ $value == ?*=* ]] || { _respo_warn "--tag: write KEY=VALUE, not '$value'" && return 2; }
      respo_json_quote "${value%%=*}" && tags+=${tags:+,}$REPLY:
      respo_json_quote "${value#*=}" && tags+=$REPLY
      ;;
    *--wait) _respo_duration wait _respo_wait "$value" || return 2 ;;
    *--max-duration) _respo_duration max_duration _respo_max_duration "$value" || return 2 ;;
    connection--linger) _respo_duration linger _respo_linger "$value" || return 2 ;;
    token--ttl) _respo_ttl=$value && _respo_duration ttl REPLY "$value" || return 2 ;;
    token--file) _respo_file=$value ;;
    *) _respo_warn "there is no option $option here" && return 2 ;;
  esac
}

# Arguments: the key in the request, the variable for the milliseconds, the duration.
_respo_duration() {
  if ! respo_milliseconds "$3" || [[ $3 == forever && $1 != wait ]]; then
    _respo_warn "--${1//_/-}: '$3' is no duration such as 90, 30s, 10m or 1h30m"
    return 2
  fi
  printf -v "$2" '%s' "$REPLY"
  respo_json_quote "$3"
  more+=",\"$1\":$REPLY"
}

# shellcheck shell=bash
# The variables that a command finds, as rpclient sets them, and the lease file.
#
#   RESPO_RESOURCE             the name of the resource; of several, of the first
#   RESPO_RESOURCES            the names of all, with blanks between them
#   RESPO_LEASE_ID             the id of the lease
#   RESPO_FENCE                its fence
#   RESPO_LEASE_FILE           the lease as JSON, token and all properties included; for you alone
#   RESPO_URL                  the respod
#   RESPO_<ENTITY>_<PROPERTY>  each property of an entity that is a text, a number or a truth value
#   RESPO_RESOURCE_<PROPERTY>  the same of the resource itself
# If there are several resources, the last two have the number of the resource in them, from 1:
# RESPO_2_DUT_SOCKET; and RESPO_2_RESOURCE is its name.

# Writes a lease file, for rpclient too. Arguments: the file, the lease as JSON, the ttl or nothing.
# The file is never seen half written.
_respo_write_lease() {
  local file=$1 lease=$2 ttl=$3
  _respo_url
  respo_json_quote "$REPLY"
  _respo_draft=$file.$BASHPID
  if ! (umask 077 && printf '{"url":%s,%s%s\n' "$REPLY" "${ttl:+\"ttl\":\"$ttl\",}" "${lease#'{'}" >"$_respo_draft") ||
    ! mv -f "$_respo_draft" "$file"; then
    rm -f "$_respo_draft"
    return 97
  fi
}

# Sets the variables of the lease in a file. Arguments: the file. Status 97: it is no lease file.
respo_environment() {
  local list=0 index number=0 resource
  local -a found=()
  if ! respo_json_read "$(<"$1")" || [[ ! ${RESPO_JSON['#/token']:-} ]]; then
    _respo_warn "$1 is no lease file"
    return 97
  fi
  _respo_forget_environment
  while [[ ${RESPO_JSON_TYPE["#/resources/$list"]:-} == array ]]; do
    index=0
    while resource="#/resources/$list/$index" && [[ ${RESPO_JSON[$resource/name]:-} ]]; do
      found+=("$resource")
      index=$((index + 1))
    done
    list=$((list + 1))
  done
  for resource in ${found[@]+"${found[@]}"}; do
    number=$((number + 1))
    if ((${#found[@]} == 1)); then
      _respo_export_resource "$resource" RESPO
    else
      _respo_export "RESPO_${number}_RESOURCE" "${RESPO_JSON[$resource/name]}"
      _respo_export_resource "$resource" "RESPO_$number"
    fi
    RESPO_RESOURCES=${RESPO_RESOURCES:+$RESPO_RESOURCES }${RESPO_JSON[$resource/name]}
  done
  RESPO_RESOURCE=${RESPO_RESOURCES%% *}
  RESPO_LEASE_ID=${RESPO_JSON['#/id']:-} RESPO_FENCE=${RESPO_JSON['#/fence']:-}
  RESPO_LEASE_FILE=$1 RESPO_URL=${RESPO_JSON['#/url']:-${RESPO_URL:-}}
  export RESPO_RESOURCE RESPO_RESOURCES RESPO_LEASE_ID RESPO_FENCE RESPO_LEASE_FILE RESPO_URL
}

# What an outer lease has left must not be taken for this one's.
_respo_forget_environment() {
  local name
  for name in ${!RESPO_@}; do
    case $name in
      RESPO_URL | RESPO_NAME | RESPO_POOL | RESPO_QUIET | RESPO_TERM_GRACE | RESPO_JSON*) ;;
      RESPO_STATUS | RESPO_ANSWER | RESPO_FAILURE | RESPO_ADMIN_TOKEN_FILE) ;;
      *) unset -v "$name" ;;
    esac
  done
  RESPO_RESOURCES=''
}

# Exports the properties of a resource, and then those of its entities: the first to claim a name keeps it.
# Arguments: the pointer of the resource, and how the names begin.
_respo_export_resource() {
  local resource=$1 prefix=$2 pointer path
  for pointer in "${RESPO_JSON_POINTERS[@]}"; do
    if [[ $pointer == "$resource/properties/"* ]]; then
      _respo_export_property "$pointer" "${prefix}_RESOURCE/${pointer#"$resource/properties/"}"
    fi
  done
  for pointer in "${RESPO_JSON_POINTERS[@]}"; do
    if [[ $pointer == "$resource/entities/"*/properties/* ]]; then
      path=${pointer#"$resource/entities/"}
      _respo_export_property "$pointer" "$prefix/${path%%/*}/${path#*/properties/}"
    fi
  done
}

# Arguments: the pointer of a value, and its path.
_respo_export_property() {
  local LC_ALL=C pointer=$1 name=${2//'~1'/'/'} parent=$1
  case ${RESPO_JSON_TYPE[$pointer]} in
    string | number | boolean) ;;
    *) return 0 ;;
  esac
  while parent=${parent%/*} && [[ $parent == *properties/* ]]; do
    [[ ${RESPO_JSON_TYPE[$parent]} != array ]] || return 0
  done
  name=${name//'~0'/'~'}
  # A character beyond ASCII is one '_': its first byte, for those that follow are dropped.
  name=${name//[$'\x80'-$'\xbf']/}
  name=${name//[!A-Za-z0-9]/_}
  _respo_export "${name^^}" "${RESPO_JSON[$pointer]}"
}

_respo_export() {
  case $1 in
    RESPO_RESOURCE | RESPO_RESOURCES | RESPO_LEASE_ID | RESPO_LEASE_FILE | RESPO_FENCE | RESPO_URL) return 0 ;;
    RESPO_NAME | RESPO_POOL | RESPO_ADMIN_TOKEN_FILE | RESPO_QUIET | RESPO_TERM_GRACE) return 0 ;;
    RESPO_JSON* | RESPO_STATUS | RESPO_ANSWER | RESPO_FAILURE) return 0 ;;
  esac
  # Linux starts no command with a variable of more than 128 KiB.
  [[ ! ${!1+set} ]] && ((${#2} <= 65536)) || return 0
  printf -v "$1" '%s' "$2"
  export "${1?}"
}

# shellcheck shell=bash
# What is asked for, from text to JSON: 'location=office1 +can {arm64}'. docs/protocol.md of respo describes
# the form under "A requirement as text". The terms are those of the table there; a property's path is
# written without quotes. What this does not read is refused, never sent as something else.

# REPLY is a requirement as JSON. One that is JSON already ('{"resource": …}') stays as it is.
# Arguments: the text. Status 1: there is a mistake in it; REPLY says which.
respo_requirement() {
  local text=$1 term count='' names='' keys='' location='' stack='' where=''
  local -a attributes=() entities=() properties=()
  if [[ $text =~ ^\{[[:blank:]]*\" ]] && respo_json_read "$text"; then
    REPLY=$text
    return 0
  fi
  _respo_count
  while _respo_next_term; do
    _respo_term || return 1
  done
  [[ ! $text ]] || { REPLY="what begins with '$text' does not end" && return 1; }
  _respo_requirement_json
}

# Takes a count, and 'of a,b,c' after it, off the text.
_respo_count() {
  local counted='^[[:space:]]*([0-9]+)([[:space:]]+of[[:space:]]+([^[:space:]]+))?([[:space:]].*)?$'
  if [[ $text =~ $counted ]]; then
    count=${BASH_REMATCH[1]} keys=${BASH_REMATCH[3]} text=${BASH_REMATCH[4]}
  fi
}

# Takes one term off the text. Status 1: there is none, or (with text left) one that does not end.
_respo_next_term() {
  local at=0 depth=0 quoted='' sign
  text=${text#"${text%%[![:space:]]*}"}
  [[ $text ]] || return 1
  if [[ $text == where=* ]]; then
    term=$text text=''
    return 0
  fi
  while ((at < ${#text})); do
    sign=${text:at:1}
    case $quoted$sign in
      \"\\) at=$((at + 1)) ;;
      \"\") quoted='' ;;
      \"?) ;;
      \") quoted=\" ;;
      ['{[']) depth=$((depth + 1)) ;;
      ['}]']) depth=$((depth - 1)) ;;
      [[:space:]]) ((depth > 0)) || break ;;
    esac
    at=$((at + 1))
  done
  [[ ! $quoted ]] && ((depth == 0)) || return 1
  term=${text:0:at} text=${text:at}
}

# One term, into the variables of respo_requirement.
_respo_term() {
  case $term in
    where=*) where=${term#where=} ;;
    '{'*'}') _respo_entity "${term:1:${#term}-2}" && entities+=("$REPLY") ;;
    +?*) respo_json_quote "${term#+}" && attributes+=("$REPLY") ;;
    @?*) _respo_label "${term#@}" && stack=$REPLY ;;
    location=?*) _respo_label "${term#location=}" && location=$REPLY ;;
    count=* | resource=* | attributes=* | entities=* | entity_properties=* | keys=* | stack=* | property=*)
      REPLY="write '$term' in its short form: 2, bench-1, +can, {arm64}, 2 of a,b, @cell, slots=4" && return 1
      ;;
    ?*=*) _respo_property "${term#properties.}" && properties+=("$REPLY") ;;
    *) _respo_names ;;
  esac
}

_respo_names() {
  if [[ $names ]]; then
    REPLY="'$names' and '$term' are both names: write $names,$term for one of them, or two requirements"
    return 1
  fi
  if [[ ! $term =~ ^[A-Za-z0-9._:/-]+(,[A-Za-z0-9._:/-]+)*$ ]]; then
    REPLY="'$term' is no term of a requirement"
    return 1
  fi
  names=$term
}

# REPLY is an entity as JSON. Arguments: what is in its braces.
_respo_entity() {
  local text=$1 term attributes='' properties=''
  while _respo_next_term; do
    case $term in
      +?*) respo_json_quote "${term#+}" && attributes+=${attributes:+,}$REPLY ;;
      ?*=*) _respo_property "$term" && properties+=${properties:+,}$REPLY || return 1 ;;
      *) respo_json_quote "$term" && attributes+=${attributes:+,}$REPLY ;;
    esac
  done
  [[ ! $text ]] || { REPLY="what begins with '$text' does not end" && return 1; }
  REPLY="{\"attributes\":[$attributes],\"properties\":{$properties}}"
}

# REPLY is '"path":value'. Arguments: path=value.
_respo_property() {
  local path=${1%%=*} value=${1#*=}
  if [[ ! $path =~ ^[A-Za-z0-9._:/-]+$ ]]; then
    REPLY="'$path' is no path of a property; with other signs in it, write the requirement as JSON"
    return 1
  fi
  _respo_property_value "$value" || return 1
  REPLY="\"$path\":$REPLY"
}

# REPLY is a value as JSON: what looks like a number, true, false or null is one; [a,b] is a list.
_respo_property_value() {
  local value=$1 item list=''
  if [[ $value == '['*']' ]]; then
    value=${value:1:${#value}-2},
    while [[ $value ]]; do
      if [[ $value =~ ^[[:space:]]*(\"([^\"\\]|\\.)*\"|[^\",]*),(.*)$ ]]; then
        item=${BASH_REMATCH[1]} value=${BASH_REMATCH[3]}
        _respo_scalar "$item" || return 1
        list+=${list:+,}$REPLY
      else
        REPLY="'$1' is no list such as [a,b]" && return 1
      fi
    done
    REPLY="[$list]"
  else
    _respo_scalar "$value"
  fi
}

_respo_scalar() {
  if [[ $1 =~ ^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)$ ]]; then
    REPLY=$1
  else
    _respo_label "$1"
  fi
}

# REPLY is a text as JSON, which may have been in double quotes.
_respo_label() {
  if [[ $1 == '"'* ]]; then
    if ! respo_json_read "$1"; then
      REPLY="'$1' is no text in double quotes" && return 1
    fi
    REPLY=$1
  else
    respo_json_quote "$1"
  fi
}

_respo_requirement_json() {
  local json='' IFS=,
  [[ ! $count ]] || json+=",\"count\":$((10#$count))"
  [[ ! $names ]] || { _respo_list "$names" && json+=",\"resource\":$REPLY"; }
  [[ ! $keys ]] || { _respo_list "$keys" && json+=",\"keys\":$REPLY"; }
  [[ ! $location ]] || json+=",\"location\":$location"
  ((${#attributes[@]} == 0)) || json+=",\"attributes\":[${attributes[*]}]"
  ((${#entities[@]} == 0)) || json+=",\"entities\":[${entities[*]}]"
  ((${#properties[@]} == 0)) || json+=",\"properties\":{${properties[*]}}"
  [[ ! $stack ]] || json+=",\"stack\":$stack"
  [[ ! $where ]] || { respo_json_quote "$where" && json+=",\"where\":$REPLY"; }
  REPLY="{${json#,}}"
}

# REPLY is a,b as a JSON list.
_respo_list() {
  local text=$1, list=''
  while [[ $text ]]; do
    respo_json_quote "${text%%,*}"
    list+=${list:+,}$REPLY
    text=${text#*,}
  done
  REPLY="[$list]"
}

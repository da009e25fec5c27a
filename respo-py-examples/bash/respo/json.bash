# shellcheck shell=bash
# JSON, read and written by bash alone, so that a script depends on neither jq nor Python.
#
# A value is known by its JSON Pointer in the form of a URI fragment (RFC 6901): '#' is all of the text,
# '#/lease/resources/0/0/name' a part of it. After respo_json_read there are:
#   RESPO_JSON[POINTER]       the text of a string (decoded), or of a number, true, false or null
#   RESPO_JSON_TYPE[POINTER]  string, number, boolean, null, array, object; or 'unprintable', a string with
#                             the character U+0000, which no variable of bash can hold
#   RESPO_JSON_POINTERS       the pointers in the order of the text, a whole before its parts
declare -gA RESPO_JSON=() RESPO_JSON_TYPE=() _respo_json_from=() _respo_json_to=()
declare -ga RESPO_JSON_POINTERS=()
_respo_json_text='' _respo_json_at=0

# Reads one JSON value. Arguments: the text. Status 1: it is not JSON.
respo_json_read() {
  # Bytes are looked at rather than characters: it is faster, and every byte of JSON's own signs is ASCII.
  local LC_ALL=C
  RESPO_JSON=() RESPO_JSON_TYPE=() RESPO_JSON_POINTERS=() _respo_json_from=() _respo_json_to=()
  _respo_json_text=$1 _respo_json_at=0
  _respo_json_value '#' 0 || return 1
  _respo_json_blank
  ((_respo_json_at == ${#_respo_json_text}))
}

# REPLY is the JSON of a part of what was read. Arguments: its pointer.
respo_json_part() {
  local LC_ALL=C
  local from=${_respo_json_from[$1]-0} to=${_respo_json_to[$1]-0}
  REPLY=${_respo_json_text:from:to-from}
}

# REPLY is a text as a JSON string. Arguments: the text.
respo_json_quote() {
  local LC_ALL=C text=$1 code character
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  if [[ $text == *[$'\x01'-$'\x1f']* ]]; then
    for ((code = 1; code < 32; code++)); do
      printf -v character '\\x%02x' "$code"
      printf -v character '%b' "$character"
      printf -v REPLY '\\u%04x' "$code"
      text=${text//"$character"/"$REPLY"}
    done
  fi
  REPLY="\"$text\""
}

_respo_json_blank() {
  while [[ ${_respo_json_text:_respo_json_at:1} == [$' \t\r\n'] ]]; do
    _respo_json_at=$((_respo_json_at + 1))
  done
}

# Steps over one sign, if it is there. Arguments: the sign.
_respo_json_sign() {
  _respo_json_blank
  [[ ${_respo_json_text:_respo_json_at:1} == "$1" ]] || return 1
  _respo_json_at=$((_respo_json_at + 1))
}

# Arguments: the pointer, and how deep it is.
_respo_json_value() {
  local pointer=$1 depth=$2 from
  ((depth < 100)) || return 1
  _respo_json_blank
  from=$_respo_json_at
  RESPO_JSON_POINTERS+=("$pointer")
  case ${_respo_json_text:from:1} in
    '{') _respo_json_object "$pointer" "$depth" || return 1 ;;
    '[') _respo_json_array "$pointer" "$depth" || return 1 ;;
    '"')
      RESPO_JSON_TYPE[$pointer]=string
      _respo_json_string || return 1
      [[ $_respo_json_plain ]] || RESPO_JSON_TYPE[$pointer]=unprintable
      RESPO_JSON[$pointer]=$REPLY
      ;;
    *) _respo_json_word "$pointer" || return 1 ;;
  esac
  _respo_json_from[$pointer]=$from
  _respo_json_to[$pointer]=$_respo_json_at
}

_respo_json_object() {
  local pointer=$1 depth=$2 key
  RESPO_JSON_TYPE[$pointer]=object
  RESPO_JSON[$pointer]=''
  _respo_json_sign '{' || return 1
  ! _respo_json_sign '}' || return 0
  while :; do
    _respo_json_blank
    _respo_json_string || return 1
    key=${REPLY//'~'/'~0'}
    key=${key//'/'/'~1'}
    _respo_json_sign : || return 1
    _respo_json_value "$pointer/$key" $((depth + 1)) || return 1
    ! _respo_json_sign '}' || return 0
    _respo_json_sign , || return 1
  done
}

_respo_json_array() {
  local pointer=$1 depth=$2 index=0
  RESPO_JSON_TYPE[$pointer]=array
  RESPO_JSON[$pointer]=''
  _respo_json_sign '[' || return 1
  ! _respo_json_sign ']' || return 0
  while :; do
    _respo_json_value "$pointer/$index" $((depth + 1)) || return 1
    index=$((index + 1))
    ! _respo_json_sign ']' || return 0
    _respo_json_sign , || return 1
  done
}

# A number, true, false or null.
_respo_json_word() {
  local pointer=$1 number='^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?'
  local word=${_respo_json_text:_respo_json_at:400}
  case $word in
    true* | false*) RESPO_JSON_TYPE[$pointer]=boolean ;;
    null*) RESPO_JSON_TYPE[$pointer]=null ;;
    *) RESPO_JSON_TYPE[$pointer]=number ;;
  esac
  [[ $word =~ ^(true|false|null) || $word =~ $number ]] || return 1
  RESPO_JSON[$pointer]=${BASH_REMATCH[0]}
  _respo_json_at=$((_respo_json_at + ${#BASH_REMATCH[0]}))
}

# REPLY is the string here, decoded; _respo_json_plain is empty if it has a U+0000, which is left out.
_respo_json_string() {
  local rest part text=''
  _respo_json_plain=1
  [[ ${_respo_json_text:_respo_json_at:1} == '"' ]] || return 1
  _respo_json_at=$((_respo_json_at + 1))
  while :; do
    rest=${_respo_json_text:_respo_json_at}
    part=${rest%%[\"\\]*}
    [[ $part != *[$'\x01'-$'\x1f']* ]] || return 1
    text+=$part
    _respo_json_at=$((_respo_json_at + ${#part}))
    case ${_respo_json_text:_respo_json_at:1} in
      '"') break ;;
      \\) _respo_json_escape || return 1 ;;
      *) return 1 ;;
    esac
    text+=$REPLY
  done
  _respo_json_at=$((_respo_json_at + 1))
  REPLY=$text
}

_respo_json_escape() {
  local sign=${_respo_json_text:_respo_json_at+1:1}
  _respo_json_at=$((_respo_json_at + 2))
  case $sign in
    [\"\\/]) REPLY=$sign ;;
    b) REPLY=$'\b' ;;
    f) REPLY=$'\f' ;;
    n) REPLY=$'\n' ;;
    r) REPLY=$'\r' ;;
    t) REPLY=$'\t' ;;
    u) _respo_json_code_point ;;
    *) return 1 ;;
  esac
}

# Four hexadecimal digits, or a pair of them that stands for one character, as UTF-8. Half of a pair is
# U+FFFD, which stands for what is no character.
_respo_json_code_point() {
  local high low code
  _respo_json_hexadecimal || return 1
  high=$REPLY code=$REPLY
  if ((high >= 0xD800 && high < 0xE000)); then
    code=$((0xFFFD))
    if ((high < 0xDC00)) && [[ ${_respo_json_text:_respo_json_at:2} == '\u' ]]; then
      _respo_json_at=$((_respo_json_at + 2))
      _respo_json_hexadecimal || return 1
      low=$REPLY
      if ((low >= 0xDC00 && low < 0xE000)); then
        code=$((0x10000 + ((high - 0xD800) << 10) + low - 0xDC00))
      else
        _respo_json_at=$((_respo_json_at - 6))
      fi
    fi
  fi
  _respo_json_utf8 "$code"
}

_respo_json_hexadecimal() {
  local digits=${_respo_json_text:_respo_json_at:4}
  [[ $digits =~ ^[0-9a-fA-F]{4}$ ]] || return 1
  _respo_json_at=$((_respo_json_at + 4))
  REPLY=$((16#$digits))
}

_respo_json_utf8() {
  local code=$1 bytes
  if ((code == 0)); then
    _respo_json_plain='' REPLY=''
    return
  elif ((code < 0x80)); then
    printf -v bytes '\\x%02x' "$code"
  elif ((code < 0x800)); then
    printf -v bytes '\\x%02x\\x%02x' $((0xC0 | code >> 6)) $((0x80 | code & 0x3F))
  elif ((code < 0x10000)); then
    printf -v bytes '\\x%02x\\x%02x\\x%02x' $((0xE0 | code >> 12)) \
      $((0x80 | code >> 6 & 0x3F)) $((0x80 | code & 0x3F))
  else
    printf -v bytes '\\x%02x\\x%02x\\x%02x\\x%02x' $((0xF0 | code >> 18)) \
      $((0x80 | code >> 12 & 0x3F)) $((0x80 | code >> 6 & 0x3F)) $((0x80 | code & 0x3F))
  fi
  printf -v REPLY '%b' "$bytes"
}

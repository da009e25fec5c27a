# shellcheck shell=bash
# Moments and durations, all in milliseconds.

# REPLY is a moment of a clock that nobody sets, where there is one (Linux), and else of the wall clock.
_respo_now() {
  local seconds
  if { IFS=" " read -r seconds _ </proc/uptime; } 2>/dev/null; then
    seconds=${seconds/./}
    REPLY=$((10#$seconds * 10))
  else
    REPLY=$((SECONDS * 1000))
  fi
}

# REPLY is so many milliseconds in seconds, as read and curl take them.
_respo_seconds() {
  printf -v REPLY '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
}

# Waits. A signal that is trapped is not held up by it, as it is by sleep. Arguments: how long.
_respo_pause() {
  local never=${_respo_never:-}
  if [[ ! $never ]]; then
    exec {never}<> <(:)
    _respo_never=$never
  fi
  _respo_seconds "$1"
  read -r -t "$REPLY" -u "$never" || :
}

# REPLY is a duration as respod takes it (90, 500ms, 1h30m), or nothing for 'forever'. Status 1: it is none.
respo_milliseconds() {
  local rest=$1 total=0
  REPLY=''
  [[ $rest != forever ]] || return 0
  [[ ! $rest =~ ^[0-9]+$ ]] || rest+=s
  [[ $rest ]] || return 1
  while [[ $rest ]]; do
    [[ $rest =~ ^([0-9]{1,9})(ms|s|m|h|d)(.*)$ ]] || return 1
    case ${BASH_REMATCH[2]} in
      ms) total=$((total + 10#${BASH_REMATCH[1]})) ;;
      s) total=$((total + 10#${BASH_REMATCH[1]} * 1000)) ;;
      m) total=$((total + 10#${BASH_REMATCH[1]} * 60000)) ;;
      h) total=$((total + 10#${BASH_REMATCH[1]} * 3600000)) ;;
      d) total=$((total + 10#${BASH_REMATCH[1]} * 86400000)) ;;
    esac
    rest=${BASH_REMATCH[3]}
  done
  REPLY=$total
}

# REPLY is how long ago a time of respod's was, for people, or nothing where date cannot tell.
_respo_elapsed() {
  local then now seconds
  REPLY=''
  then=$(date -u -d "$1" +%s 2>/dev/null) || return 0
  printf -v now '%(%s)T' -1
  seconds=$((now > then ? now - then : 0))
  if ((seconds < 60)); then
    REPLY="$seconds s"
  elif ((seconds < 3600)); then
    REPLY="$((seconds / 60)) min"
  else
    REPLY="$((seconds / 3600)) h $((seconds % 3600 / 60)) min"
  fi
}

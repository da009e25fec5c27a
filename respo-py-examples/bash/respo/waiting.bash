# shellcheck shell=bash
# What the user sees while a request waits.

# Says where a request stands: what was read last has it under a pointer. Arguments: the pointer.
_respo_tell_place() {
  local request=$1 index=0 text='' candidate
  text="waiting, position ${RESPO_JSON[$request/position]:-?} of ${RESPO_JSON[$request/of]:-?}"
  if [[ ${RESPO_JSON[$request/limit]:-} ]]; then
    _respo_say "$text: ${RESPO_JSON[$request/limit]}"
    return
  fi
  while candidate=$request/candidates/$index && [[ ${RESPO_JSON[$candidate/resource]:-} ]]; do
    ((index < 4)) || break
    _respo_candidate "$candidate"
    text+="$( ((index > 0)) && printf ';' || printf ':') $REPLY"
    index=$((index + 1))
  done
  if ((index > 0 && ${RESPO_JSON[$request/candidates_total]:-0} > index)); then
    text+="; $((${RESPO_JSON[$request/candidates_total]} - index)) more"
  fi
  _respo_say "$text"
}

# REPLY is one candidate in words. Arguments: its pointer.
_respo_candidate() {
  local at=$1 text since
  text="${RESPO_JSON[$at/resource]} ${RESPO_JSON[$at/state]:-}"
  if [[ ${RESPO_JSON[$at/lease/since]:-} ]]; then
    since=${RESPO_JSON[$at/lease/since]}
    text="${RESPO_JSON[$at/resource]} held by ${RESPO_JSON[$at/lease/holder]:-somebody}"
    _respo_elapsed "$since"
    text+=${REPLY:+" for $REPLY"}
    text+=${RESPO_JSON[$at/lease/description]:+" (${RESPO_JSON[$at/lease/description]})"}
  elif [[ ${RESPO_JSON[$at/held_back_for/id]:-} ]]; then
    text+=" for ${RESPO_JSON[$at/held_back_for/holder]:-request ${RESPO_JSON[$at/held_back_for/id]}}"
  fi
  REPLY=$text
}

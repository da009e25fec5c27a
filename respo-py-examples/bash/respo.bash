# shellcheck shell=bash
# respo.bash: hold a lease of a respod from a script, with bash and curl alone.
#
#   . path/to/respo.bash
#   respo_acquire --wait 10m 'location=office1 +can' || exit
#   respo_run ./flash.sh "$RESPO_RESOURCE"
#
# Functions for scripts; each is described where it is defined:
#   respo_acquire   wait for a lease and hold it over a connection        respo/connection.bash
#   respo_take      wait for a token lease, and write its file            respo/token.bash
#   respo_keep      renew the token lease of a file in the background     respo/token.bash
#   respo_run       run a command that uses what is leased                respo/command.bash
#   respo_release   give back what is held                                respo/holder.bash
#
# Exit codes are those of rpclient: see respo/exit_codes.bash. It needs bash 4.4 and curl 7.55 or later.
# Options of the calling shell, such as 'set -euo pipefail', are respected.

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  printf 'respo: bash %s is too old: 4.4 or later is needed\n' "$BASH_VERSION" >&2
  # shellcheck disable=SC2317  # whichever of the two works: this file may be sourced or not
  return 97 2>/dev/null || exit 97
fi

_respo_home=${BASH_SOURCE[0]%/*}
[[ $_respo_home != "${BASH_SOURCE[0]}" ]] || _respo_home=.
# shellcheck source=respo/exit_codes.bash
. "$_respo_home/respo/exit_codes.bash"
# shellcheck source=respo/json.bash
. "$_respo_home/respo/json.bash"
# shellcheck source=respo/requirement.bash
. "$_respo_home/respo/requirement.bash"
# shellcheck source=respo/request.bash
. "$_respo_home/respo/request.bash"
# shellcheck source=respo/time.bash
. "$_respo_home/respo/time.bash"
# shellcheck source=respo/call.bash
. "$_respo_home/respo/call.bash"
# shellcheck source=respo/waiting.bash
. "$_respo_home/respo/waiting.bash"
# shellcheck source=respo/environment.bash
. "$_respo_home/respo/environment.bash"
# shellcheck source=respo/holder.bash
. "$_respo_home/respo/holder.bash"
# shellcheck source=respo/command.bash
. "$_respo_home/respo/command.bash"
# shellcheck source=respo/coming_back.bash
. "$_respo_home/respo/coming_back.bash"
# shellcheck source=respo/connection.bash
. "$_respo_home/respo/connection.bash"
# shellcheck source=respo/token.bash
. "$_respo_home/respo/token.bash"

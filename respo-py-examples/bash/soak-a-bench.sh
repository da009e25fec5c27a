#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
# An example of respo.bash: leases a bench with a token, for a script whose connections may break for minutes.
#
#   RESPO_URL=http://respod.lab.example:7373 ./soak-a-bench.sh
#
# The lease is renewed in the background, and given back at the end of the script. If the script is killed, it
# ends after its ttl at the latest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/respo.bash"

export RESPO_LEASE_FILE=${RESPO_LEASE_FILE:-$PWD/soak-lease.json}
respo_take --ttl "${TTL:-5m}" --wait 1h --description 'soak test' 'location=office1 +can'
respo_keep --release

respo_run "${SOAK:-./soak.sh}" "$RESPO_RESOURCE"
echo "$RESPO_RESOURCE has passed"

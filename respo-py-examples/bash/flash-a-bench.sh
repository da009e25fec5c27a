#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
# An example of respo.bash: leases a bench over a connection, flashes it and reboots it.
#
#   RESPO_URL=http://respod.lab.example:7373 ./flash-a-bench.sh image.bin
#
# However this script ends, the bench is free again: it is the connection that holds it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/respo.bash"

image=${1:?the image is missing}
respo_acquire --wait 10m --description "flash $image" 'location=office1 {arm64}'
echo "flashing $RESPO_RESOURCE at $RESPO_DUT_SOCKET"

# Each command that uses the bench is run like this, so that it ends if the lease is lost.
respo_run "${FLASH:-./flash.sh}" "$image"
respo_run "${REBOOT:-./reboot.sh}"
echo "$RESPO_RESOURCE runs $image"

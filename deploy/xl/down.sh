#!/bin/sh
# Stops the shop's domains, or those of the services named: on Xen's dom0, as root. Each finishes what it does; one that
# has not ended after SOUK_DEADLINE seconds (30) is destroyed. What the shop knows stays on its disks.
# shellcheck disable=SC2154 # shop.conf assigns the other variables
set -u
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
# shellcheck source=deploy/xl/domains.sh
. "$here/domains.sh"

deadline=${SOUK_DEADLINE:-30}
case $deadline in '' | *[!0-9]*) fail "SOUK_DEADLINE=$deadline must be a number of seconds" ;; esac
wanted=$(select_services " $services" "$@") || exit 1
check_dom0
status=0
stopped=
for service in $(reversed "$wanted"); do
  if runs "$service"; then
    current=$service
    say "stopping $(domain "$current")"
    stop "$current" "$deadline" || status=1
    stopped=1
  fi
done
[ -n "$stopped" ] || say "nothing runs"
running=
for service in $services; do
  if runs "$service"; then running="$running $service"; fi
done
[ -n "$running" ] || remove_inside_bridge || status=1
exit "$status"

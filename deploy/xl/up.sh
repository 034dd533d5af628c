#!/bin/sh
# Starts the shop's domains: on Xen's dom0, as root.
#
#   ./up.sh           starts what does not run yet, in the order the services need each other
#   ./up.sh SERVICE   starts this one anew, whether it runs or not
#
# Waits until each answers /readyz. When one does not within SOUK_DEADLINE seconds (60), or this is interrupted, what
# was started and made is taken away again.
# shellcheck disable=SC2154 # shop.conf assigns the other variables
set -u
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
# shellcheck source=deploy/xl/domains.sh
. "$here/domains.sh"

deadline=${SOUK_DEADLINE:-60}
case $deadline in '' | *[!0-9]*) fail "SOUK_DEADLINE=$deadline must be a number of seconds" ;; esac
known=$(deployed)
[ -n "$known" ] || fail "there is no service in $here: copy the whole folder that \`souk deploy\` wrote"
wanted=$(select_services "$known" "$@") || exit 1

started=
made_bridge=

undo() {
  status=$?
  trap - EXIT
  trap '' HUP INT TERM
  [ -z "$started" ] || say "undoing: stopping$started"
  for service in $(reversed "$started"); do
    if [ "$service" = "${unready:-}" ]; then destroy "$service"; else stop "$service" 10; fi
  done
  [ -z "$made_bridge" ] || remove_inside_bridge
  [ "$status" -ne 0 ] || status=1
  exit "$status"
}

prepare_bridges() {
  if ! has_interface "$inside_bridge"; then
    make_inside_bridge
    made_bridge=1
  fi
  ip link set dev "$inside_bridge" up || fail "cannot set the bridge $inside_bridge up"
  case $inside_address in
    *:*) family=inet6 ;;
    *) family=inet ;;
  esac
  # One that somebody else made is theirs to set.
  ! is_our_bridge "$inside_bridge" || isolate_inside_bridge
  if ! ip addr show dev "$inside_bridge" | grep -qF "$family $inside_address"; then
    ip addr add "$inside_address" dev "$inside_bridge" ||
      fail "cannot give dom0 the address $inside_address on $inside_bridge"
  fi
}

# dom0 may be a router for others; from the inside bridge it forwards nothing. It speaks IPv6 there only where the
# services do, as a host that believes no router, and at once: nobody else is there who could have its address.
isolate_inside_bridge() {
  set -- "ipv4/conf/$inside_bridge/forwarding 0"
  case $family in
    inet) set -- "$@" "ipv6/conf/$inside_bridge/disable_ipv6 1" ;;
    inet6)
      set -- "$@" "ipv6/conf/$inside_bridge/disable_ipv6 0" "ipv6/conf/$inside_bridge/forwarding 0" \
        "ipv6/conf/$inside_bridge/accept_ra 0" "ipv6/conf/$inside_bridge/accept_dad 0"
      ;;
  esac
  for setting in "$@"; do
    file=/proc/sys/net/${setting% *}
    [ ! -w "$file" ] || echo "${setting#* }" >"$file"
  done
}

# Everything that can be wrong before anything is started.
check() {
  for service in $wanted; do
    eval "disk=\${disk_$service:-}"
    for file in "$service.elf" "$service.module" "$disk"; do
      [ -z "$file" ] || [ -r "$file" ] ||
        fail "there is no $file in $here: copy the whole folder that \`souk deploy\` wrote"
    done
    grep " $service.elf\$" SHA256SUMS | sha256sum -c >/dev/null 2>&1 ||
      fail "$service.elf is not what SHA256SUMS says: it was damaged on its way, copy it again"
    if [ "$service" = gateway ] && ! has_interface "$outside_bridge"; then
      fail "there is no bridge $outside_bridge for the gateway: make it, or name yours in deploy/shop.yaml" \
        "(xen: outside: bridge:) and deploy again"
    fi
  done
}

# xl starts a domain again from the root folder: the paths must be whole. Of two settings the last one counts.
create() {
  eval "disk=\${disk_$1:-}"
  case $disk in
    '') set -- "$1" ;;
    /*) set -- "$1" "disk=[\"$disk_options$disk\"]" ;;
    *) set -- "$1" "disk=[\"$disk_options$here/$disk\"]" ;;
  esac
  service=$1
  shift
  xl create "$service.cfg" "kernel=\"$here/$service.elf\"" "ramdisk=\"$here/$service.module\"" "$@" >&2
}

# Whether the service says that it is ready; `reason` is what it says instead. 124 and more: no answer in time.
is_ready() {
  eval "where=\$ready_$1"
  # In a group, so that the shell itself does not tell what timeout has ended.
  # shellcheck disable=SC2086 # an address and a port
  answer=$({
    printf 'GET /readyz HTTP/1.1\r\nHost: souk\r\nConnection: close\r\n\r\n' | timeout 4 nc $where
  } 2>/dev/null)
  silence=$?
  case $answer in "HTTP/1.1 200"*) return 0 ;; esac
  # A service that was taken over must not reach root's terminal with more than words.
  reason=$(printf '%s\n' "$answer" | head -c 4096 | tr -cd '\n -~' | sed -n 's/.*"detail":"\([^"]*\)".*/ It says: \1/p')
  [ "$silence" -ge 124 ] || silence=1
  return "$silence"
}

wait_ready() {
  left=$deadline
  while :; do
    is_ready "$1" && return 0
    [ $? -lt 124 ] || left=$((left - 4))
    runs "$1" || fail "$(domain "$1") ended before it was ready: \`xl create -c $1.cfg\` in $here shows its last words"
    [ "$left" -gt 0 ] || break
    sleep 1
    left=$((left - 1))
  done
  reason=${reason:- It says nothing: \`xl create -c $1.cfg\` in $here shows why.}
  fail "$(domain "$1") is not ready after $deadline s.$reason"
}

check_dom0
check
trap undo EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
prepare_bridges
for service in $wanted; do
  current=$service
  if [ $# -gt 0 ] && runs "$current"; then
    say "stopping $(domain "$current")"
    stop "$current" 30
  fi
  if runs "$current"; then
    say "$(domain "$current") runs already"
  else
    say "starting $(domain "$current")"
    started="$started $current"
    unready=$current
    create "$current" || fail "xl could not start $(domain "$current"): its reasons are above"
  fi
  wait_ready "$current"
  unready=
  say "$(domain "$current") is ready"
done
trap - EXIT HUP INT TERM
case " $wanted " in
  *" gateway "*) say "the shop is open on $outside_bridge: port 80, $outside_address" ;;
esac

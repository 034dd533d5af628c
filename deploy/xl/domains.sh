# What up.sh and down.sh have in common. POSIX sh, with busybox's tools or anybody's: ip (or brctl), nc, timeout.
# shellcheck shell=sh disable=SC2154 # shop.conf assigns the other variables, and `here` whoever reads this

say() { printf 'souk: %s\n' "$*" >&2; }

fail() {
  say "$@"
  exit 1
}

cd "$here" || fail "cannot enter $here"
case $here in
  *[\"\'\\]*) fail "xl cannot be given the path $here: move this folder to one without quotation marks" ;;
esac
[ -r ./shop.conf ] || fail "there is no shop.conf in $here: copy the whole folder that \`souk deploy\` wrote"
# shellcheck source=/dev/null
. ./shop.conf

domain() { printf '%s-%s\n' "$prefix" "$1"; }

# The services that this folder has a configuration of, in the order they need each other.
deployed() {
  found=
  for service in $services; do
    [ ! -r "$service.cfg" ] || found="$found $service"
  done
  printf '%s\n' "$found"
}

# Of the services in $1 those named behind it, in the order of $1; all without a name.
select_services() {
  known=$1
  shift
  for name in "$@"; do
    case " $known " in
      *" $name "*) ;;
      *) fail "there is no service $name in $here; there are:$known" ;;
    esac
  done
  names=" $* "
  [ $# -gt 0 ] || names=" $known "
  chosen=
  for service in $known; do
    case $names in *" $service "*) chosen="$chosen $service" ;; esac
  done
  printf '%s\n' "$chosen"
}

reversed() {
  backwards=
  for word in $1; do backwards="$word $backwards"; done
  printf '%s\n' "$backwards"
}

check_dom0() {
  command -v xl >/dev/null 2>&1 || fail "there is no xl: this is for Xen's dom0 (without one, try \`souk lab\`)"
  xl list >/dev/null 2>&1 || fail "\`xl list\` does not work: run this as root on Xen's dom0, with xenstored running"
}

runs() { xl domid "$(domain "$1")" >/dev/null 2>&1; }

# Ends the domain at once. More than one attempt: xl may be about to start it again.
destroy() {
  attempts=0
  while runs "$1"; do
    if [ "$attempts" -ge 5 ]; then
      say "cannot destroy $(domain "$1"): look at \`xl list\`"
      return 1
    fi
    xl destroy "$(domain "$1")" >/dev/null 2>&1
    attempts=$((attempts + 1))
    ! runs "$1" || sleep 1
  done
}

# Asks the domain to finish what it does and end; ends it when it has not after $2 seconds.
stop() {
  runs "$1" || return 0
  xl shutdown "$(domain "$1")" >/dev/null 2>&1
  waited=0
  while runs "$1"; do
    if [ "$waited" -ge "$2" ]; then
      say "$(domain "$1") has not ended after $2 s: destroying it"
      destroy "$1"
      return
    fi
    sleep 1
    waited=$((waited + 1))
  done
}

has_interface() { ip link show dev "$1" >/dev/null 2>&1; }

# Only up.sh gives a bridge this address.
is_our_bridge() { ip link show dev "$1" 2>/dev/null | grep -qi "$inside_mac"; }

make_inside_bridge() {
  ip link add name "$inside_bridge" address "$inside_mac" type bridge 2>/dev/null ||
    { brctl addbr "$inside_bridge" && ip link set dev "$inside_bridge" address "$inside_mac"; } ||
    fail "cannot make the bridge $inside_bridge: are you root, and is the kernel's bridge module there?"
}

# Takes the inside bridge away if up.sh made it and nothing is on it any more.
remove_inside_bridge() {
  is_our_bridge "$inside_bridge" || return 0
  ! ip link show | grep -q "master $inside_bridge " || return 0
  ip link set dev "$inside_bridge" down
  ip link del dev "$inside_bridge" 2>/dev/null || brctl delbr "$inside_bridge"
}

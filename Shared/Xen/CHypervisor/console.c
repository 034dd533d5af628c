// Xen's public/io/console.h before changing this file.
//
// The console: two rings in a page that xenconsoled has mapped. It must work in a trap, so it needs nothing of Swift.

#include "hypervisor.h"

#include <xen/io/console.h>
#include <xen/sched.h>

#define OUT_BYTES 2048u
#define IN_BYTES 1024u
/// How long a writer waits for room in all, and how often it looks. A daemon that is gone must not stop a service.
#define MAXIMUM_WAIT_NANOSECONDS 1000000000ull
#define LOOK_NANOSECONDS 200000ull

_Static_assert(sizeof((struct xencons_interface *)0)->out == OUT_BYTES, "the ring out");
_Static_assert(sizeof((struct xencons_interface *)0)->in == IN_BYTES, "the ring in");

/// Nobody has read for MAXIMUM_WAIT_NANOSECONDS; until somebody does, nobody waits again.
static bool is_unread;

static struct xencons_interface *ring(void) { return (struct xencons_interface *)hypervisor_console_page(); }

/// Waits a little for the other side to read.
static void pause_for_reader(void) {
  hypervisor_notify(hypervisor_console_port());
  // For the time alone: an event of the port may be the news of input, which is not ours to take.
  struct sched_poll request = {.nr_ports = 0, .timeout = hypervisor_time() + LOOK_NANOSECONDS};
  hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (uint64_t)&request, 0);
}

/// Waits until at most `count` bytes are unread; false when that took too long.
static bool wait_for_reader(uint32_t count) {
  struct xencons_interface *console = ring();
  uint64_t deadline = 0;
  while (console->out_prod - __atomic_load_n(&console->out_cons, __ATOMIC_ACQUIRE) > count) {
    uint64_t now = hypervisor_time();
    if (deadline == 0) deadline = now + MAXIMUM_WAIT_NANOSECONDS;
    if (is_unread || now > deadline) {
      is_unread = true;
      return false;
    }
    pause_for_reader();
  }
  is_unread = false;
  return true;
}

static bool put(unsigned char byte) {
  struct xencons_interface *console = ring();
  if (!wait_for_reader(OUT_BYTES - 1)) return false;
  uint32_t place = console->out_prod;
  console->out[place & (OUT_BYTES - 1)] = (char)byte;
  __atomic_store_n(&console->out_prod, place + 1, __ATOMIC_RELEASE);
  return true;
}

void hypervisor_console_write(const void *bytes, size_t count) {
  if (!hypervisor_console_page()) return;
  const unsigned char *source = bytes;
  for (size_t i = 0; i < count; i++) {
    if (source[i] == '\n' && !put('\r')) return;
    if (!put(source[i])) return;
  }
  hypervisor_notify(hypervisor_console_port());
}

int hypervisor_console_read(void) {
  if (!hypervisor_console_page()) return -1;
  struct xencons_interface *console = ring();
  uint32_t place = console->in_cons;
  if (place == __atomic_load_n(&console->in_prod, __ATOMIC_ACQUIRE)) return -1;
  unsigned char byte = *(volatile unsigned char *)&console->in[place & (IN_BYTES - 1)];
  __atomic_store_n(&console->in_cons, place + 1, __ATOMIC_RELEASE);
  return byte;
}

void hypervisor_shutdown(enum hypervisor_shutdown_reason reason) {
  // What was said last matters most, and the ring dies with the domain.
  if (hypervisor_console_page()) wait_for_reader(0);
  struct sched_shutdown how = {.reason = (unsigned)reason};
  for (;;) hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uint64_t)&how, 0);
}

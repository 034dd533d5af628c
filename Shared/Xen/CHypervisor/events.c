// Xen's public/event_channel.h and sched.h before changing this file.
//
// Every event channel stays masked: Xen marks it pending and ends SCHEDOP_poll, but calls nobody. So an image on Xen
// needs neither an interrupt controller nor a handler.

#include "hypervisor.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

/// A wait is this long at most, so that no sum overflows.
#define MAXIMUM_WAIT_NANOSECONDS 3600000000000ull

#define WORD_BITS (8 * sizeof(unsigned long))

static evtchn_port_t watched[HYPERVISOR_MAXIMUM_PORTS];
static unsigned watched_count;

int32_t hypervisor_open_port(uint16_t domain) {
  struct evtchn_alloc_unbound request = {.dom = DOMID_SELF, .remote_dom = domain};
  long status = hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (uint64_t)&request, 0);
  return status == 0 ? (int32_t)request.port : (int32_t)status;
}

void hypervisor_close_port(uint32_t port) {
  struct evtchn_close request = {.port = port};
  hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, (uint64_t)&request, 0);
}

void hypervisor_notify(uint32_t port) {
  struct evtchn_send request = {.port = port};
  hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (uint64_t)&request, 0);
}

void hypervisor_forget_ports(void) { watched_count = 0; }

bool hypervisor_watch_port(uint32_t port) {
  if (watched_count == HYPERVISOR_MAXIMUM_PORTS) return false;
  watched[watched_count++] = port;
  return true;
}

void hypervisor_unwatch_port(uint32_t port) {
  for (unsigned i = 0; i < watched_count; i++) {
    if (watched[i] == port) {
      watched[i] = watched[--watched_count];
      return;
    }
  }
}

/// Takes the pending bits of the watched ports; whether there was one.
static bool take_events(void) {
  bool any = false;
  for (unsigned i = 0; i < watched_count; i++) {
    unsigned long *word = &hypervisor_shared_info.evtchn_pending[watched[i] / WORD_BITS];
    unsigned long bit = 1ul << watched[i] % WORD_BITS;
    if (*(volatile unsigned long *)word & bit) {
      __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
      any = true;
    }
  }
  return any;
}

void hypervisor_wait(uint64_t nanoseconds) {
  if (take_events()) return;
  if (nanoseconds > MAXIMUM_WAIT_NANOSECONDS) nanoseconds = MAXIMUM_WAIT_NANOSECONDS;
  struct sched_poll request = {.nr_ports = watched_count, .timeout = hypervisor_time() + nanoseconds};
  set_xen_guest_handle(request.ports, watched);
  hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (uint64_t)&request, 0);
  take_events();
}

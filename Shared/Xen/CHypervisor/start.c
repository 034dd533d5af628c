// Xen's public/arch-x86/cpuid.h, hvm/params.h and memory.h before changing this file.
//
// Finding Xen, and the pages that it and its daemons share with this domain. Suspending, since that undoes all of it.

#include "hypervisor.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>

/// Bases of hypervisors' CPUID leaves: one may announce itself beside another, whose interface it offers too.
#define FIRST_BASE 0x40000000u
#define LAST_BASE 0x40010000u
#define BASE_STEP 0x100u
/// Named as the one that events would come by.
#define UNUSED_VECTOR 0xf3u

/// A page of its own: what else lay in it would be lost when Xen puts its page there.
union shared_page hypervisor_shared_page __attribute__((section(".bss.page_aligned"), aligned(PAGE_BYTES)));

static uint32_t base;
static uint64_t console_page, store_page;
static uint32_t console_port, store_port;

static void cpuid(uint32_t leaf, uint32_t result[4]) {
  __asm__ volatile("cpuid"
                   : "=a"(result[0]), "=b"(result[1]), "=c"(result[2]), "=d"(result[3])
                   : "a"(leaf), "c"(0));
}

static uint32_t find_base(void) {
  uint32_t leaf[4];
  cpuid(1, leaf);
  if (!(leaf[2] & 1u << 31)) return 0;  // No hypervisor at all.
  for (uint32_t candidate = FIRST_BASE; candidate < LAST_BASE; candidate += BASE_STEP) {
    cpuid(candidate, leaf);
    if (leaf[1] == XEN_CPUID_SIGNATURE_EBX && leaf[2] == XEN_CPUID_SIGNATURE_ECX && leaf[3] == XEN_CPUID_SIGNATURE_EDX) {
      return candidate;
    }
  }
  return 0;
}

static uint64_t parameter(uint32_t index) {
  struct xen_hvm_param parameter = {.domid = DOMID_SELF, .index = index};
  long status = hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (uint64_t)&parameter, 0);
  return status == 0 ? parameter.value : 0;
}

static void find_pages(void) {
  console_page = parameter(HVM_PARAM_CONSOLE_PFN) * PAGE_BYTES;
  console_port = (uint32_t)parameter(HVM_PARAM_CONSOLE_EVTCHN);
  store_page = parameter(HVM_PARAM_STORE_PFN) * PAGE_BYTES;
  store_port = (uint32_t)parameter(HVM_PARAM_STORE_EVTCHN);
}

/// Fills the hypercall page and puts shared info where `hypervisor_shared_info` is.
static void connect(void) {
  uint32_t leaf[4];
  cpuid(base + 2, leaf);
  uint64_t page = (uint64_t)hypervisor_hypercall_page;
  __asm__ volatile("wrmsr" : : "c"(leaf[1]), "a"((uint32_t)page), "d"((uint32_t)(page >> 32)) : "memory");

  struct xen_add_to_physmap place = {
      .domid = DOMID_SELF,
      .space = XENMAPSPACE_shared_info,
      .gpfn = (uint64_t)&hypervisor_shared_page / PAGE_BYTES,
  };
  // Without it there is neither time nor events, and no console to say so on.
  if (hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uint64_t)&place, 0) != 0) __builtin_trap();
  // Masked, an event is still pending, which is all that hypervisor_wait looks at; it interrupts nobody.
  for (size_t i = 0; i < sizeof hypervisor_shared_info.evtchn_mask / sizeof hypervisor_shared_info.evtchn_mask[0]; i++) {
    hypervisor_shared_info.evtchn_mask[i] = ~0ul;
  }
  // The toolstack tells a domain that its save was called off only when it has drivers, which it knows by this (libxc's
  // modify_returncode). Nobody is ever called: every channel is masked, and interrupts are off.
  struct xen_hvm_param callback = {
      .domid = DOMID_SELF,
      .index = HVM_PARAM_CALLBACK_IRQ,
      .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | UNUSED_VECTOR,
  };
  if (hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (uint64_t)&callback, 0) != 0) __builtin_trap();
  find_pages();
}

bool hypervisor_start(void) {
  base = find_base();
  if (base) connect();
  return base != 0;
}

bool hypervisor_is_present(void) { return base != 0; }
uint64_t hypervisor_console_page(void) { return console_page; }
uint64_t hypervisor_store_page(void) { return store_page; }
uint32_t hypervisor_console_port(void) { return console_port; }
uint32_t hypervisor_store_port(void) { return store_port; }

bool hypervisor_suspend(void) {
  struct sched_shutdown how = {.reason = SHUTDOWN_suspend};
  if (hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uint64_t)&how, 0) != 0) return false;
  hypervisor_forget_ports();
  hypervisor_forget_time();
  connect();
  return true;
}

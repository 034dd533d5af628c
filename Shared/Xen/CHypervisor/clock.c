// Xen's public/xen.h (vcpu_time_info, shared_info.wc_*) before changing this file.

#include "hypervisor.h"

static uint64_t time_stamp(void) {
  uint32_t low, high;
  // Not before the version was read, nor after it is read again.
  __asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
  return (uint64_t)high << 32 | low;
}

/// Processors' clocks differ a little, and the domain is moved between them: what was shown is never taken back.
static uint64_t latest;

void hypervisor_forget_time(void) { latest = 0; }

uint64_t hypervisor_time(void) {
  const volatile struct vcpu_time_info *time = &hypervisor_shared_info.vcpu_info[0].time;
  uint32_t version;
  uint64_t result;
  do {
    version = time->version;
    uint64_t passed = time_stamp() - time->tsc_timestamp;
    int shift = time->tsc_shift;
    passed = shift < 0 ? passed >> -shift : passed << shift;
    result = time->system_time + (uint64_t)((unsigned __int128)passed * time->tsc_to_system_mul >> 32);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
  } while (version & 1 || version != time->version);
  if (result > latest) latest = result;
  return latest;
}

int64_t hypervisor_wall_time(void) {
  const volatile shared_info_t *info = &hypervisor_shared_info;
  uint32_t version;
  uint64_t seconds, nanoseconds;
  do {
    version = info->wc_version;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    seconds = (uint64_t)info->wc_sec_hi << 32 | info->wc_sec;
    nanoseconds = info->wc_nsec;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
  } while (version & 1 || version != info->wc_version);
  return (int64_t)(seconds * 1000000000ull + nanoseconds + hypervisor_time());
}

uint64_t hypervisor_tsc_frequency(void) {
  const volatile struct vcpu_time_info *time = &hypervisor_shared_info.vcpu_info[0].time;
  uint64_t ticks = (1000000000ull << 32) / time->tsc_to_system_mul;
  int shift = time->tsc_shift;
  return shift < 0 ? ticks << -shift : ticks >> shift;
}

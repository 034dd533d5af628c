// Accesses that the compiler neither drops, repeats, splits nor moves, to memory that another domain reads and writes
// meanwhile. Everything is inline; hosted and freestanding are the same.
#ifndef CXEN_SHARED_MEMORY_H
#define CXEN_SHARED_MEMORY_H

#include <stdint.h>

/// Loads once; what the other side wrote before it stored this value is seen by later loads.
static inline __attribute__((always_inline)) uint32_t xen_load32(const void *_Nonnull address) {
  uint32_t value = *(const volatile uint32_t *)address;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return value;
}

/// Stores once, after every earlier access to memory.
static inline __attribute__((always_inline)) void xen_store32(void *_Nonnull address, uint32_t value) {
  __atomic_thread_fence(__ATOMIC_RELEASE);
  *(volatile uint32_t *)address = value;
}

/// Orders earlier stores before later loads: between an index and the other side's wish to be told of it.
static inline __attribute__((always_inline)) void xen_barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif

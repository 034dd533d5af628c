// Virtio 1.2 §2.7.7, §2.7.13 (barriers) and §4.2.2 (register access widths) before changing this file.
//
// What Swift has no word for: accesses that the compiler neither drops, repeats, splits nor moves, to registers and
// to memory that a device reads and writes meanwhile. Everything is inline; hosted and freestanding are the same.
#ifndef CVIRTIO_H
#define CVIRTIO_H

#include <stdint.h>

/// In an image, which is optimised for size, each access would else be a call.
#define VIRTIO_INLINE static inline __attribute__((always_inline))

// Registers. A store comes after every earlier store to memory, a load before every later load.

VIRTIO_INLINE uint8_t virtio_register_load8(const void *_Nonnull address) {
  uint8_t value = *(const volatile uint8_t *)address;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return value;
}

VIRTIO_INLINE uint16_t virtio_register_load16(const void *_Nonnull address) {
  uint16_t value = *(const volatile uint16_t *)address;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return value;
}

VIRTIO_INLINE uint32_t virtio_register_load32(const void *_Nonnull address) {
  uint32_t value = *(const volatile uint32_t *)address;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return value;
}

VIRTIO_INLINE void virtio_register_store32(void *_Nonnull address, uint32_t value) {
  __atomic_thread_fence(__ATOMIC_RELEASE);
  *(volatile uint32_t *)address = value;
}

// Memory shared with a device. Addresses are aligned to the width.

/// Loads once; what the device wrote before it stored this value is seen by later loads.
VIRTIO_INLINE uint16_t virtio_load16(const void *_Nonnull address) {
  uint16_t value = *(const volatile uint16_t *)address;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return value;
}

/// The same for 32 bits.
VIRTIO_INLINE uint32_t virtio_load32(const void *_Nonnull address) {
  uint32_t value = *(const volatile uint32_t *)address;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return value;
}

/// The same for 8 bits.
VIRTIO_INLINE uint8_t virtio_load8(const void *_Nonnull address) {
  uint8_t value = *(const volatile uint8_t *)address;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return value;
}

/// Stores once, after every earlier access to memory.
VIRTIO_INLINE void virtio_store16(void *_Nonnull address, uint16_t value) {
  __atomic_thread_fence(__ATOMIC_RELEASE);
  *(volatile uint16_t *)address = value;
}

/// Orders earlier stores before later loads: between an index and the other side's wish to be told of it.
VIRTIO_INLINE void virtio_barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/// Earlier plain stores to memory happen before whatever follows, as far as the compiler is concerned.
VIRTIO_INLINE void virtio_compiler_barrier(void) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

#endif

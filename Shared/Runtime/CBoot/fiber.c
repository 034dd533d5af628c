// Fibers: stacks of their own, from the heap, each above pages that are withdrawn. One runs at a time, until it parks.

#include "boot.h"

void *malloc(size_t size);
void free(void *pointer);
int posix_memalign(void **result, size_t alignment, size_t size);

/// Withdrawn below each stack: as wide as the boot stack's guard, for frames that skip.
#define GUARD_BYTES 16384u

/// What boot_switch pops, from the lowest address on.
struct saved {
  uint32_t mxcsr, x87_control;
  uint64_t r15, r14, r13, r12, rbx, rbp;
  void (*resumed_at)(void);
};
_Static_assert(sizeof(struct saved) % 16 == 0, "boot_fiber_start begins at the stack's end, a multiple of 16");

struct boot_fiber {
  struct saved *saved;
  struct boot_range guard, stack;
  void (*body)(void *context);
  void *context;
  bool has_ended;
  struct boot_fiber *next;
};

void boot_switch(struct saved **save, struct saved *stack);
void boot_fiber_start(void);
_Noreturn void boot_fiber_main(struct boot_fiber *fiber);

/// All there are; the one that runs; where the one who resumed it waits.
static struct boot_fiber *fibers, *current;
static struct saved *resumer;

struct boot_fiber *boot_fiber_make(size_t stackBytes, void (*body)(void *), void *context) {
  if (stackBytes < BOOT_MINIMUM_STACK_BYTES || stackBytes % PAGE_BYTES != 0) {
    boot_panic("fiber: a stack of no whole pages, or too few", BOOT_EXIT_TRAP);
  }
  void *memory, *place;
  posix_memalign(&memory, PAGE_BYTES, GUARD_BYTES + stackBytes);
  posix_memalign(&place, 16, sizeof(struct boot_fiber));
  struct boot_fiber *fiber = place;
  uint64_t start = (uint64_t)memory, bottom = start + GUARD_BYTES;
  *fiber = (struct boot_fiber){
      .guard = {start, bottom}, .stack = {bottom, bottom + stackBytes}, .body = body, .context = context, .next = fibers};
  fibers = fiber;
  boot_clean(fiber->stack);
  boot_withdraw(fiber->guard);
  fiber->saved = (struct saved *)fiber->stack.end - 1;
  *fiber->saved = (struct saved){
      .mxcsr = 0x1f80, .x87_control = 0x37f, .rbx = (uint64_t)fiber, .resumed_at = boot_fiber_start};
  return fiber;
}

void boot_fiber_resume(struct boot_fiber *fiber) {
  if (current) boot_panic("fiber: resumed by a fiber", BOOT_EXIT_TRAP);
  if (fiber->has_ended) boot_panic("fiber: resumed after its end", BOOT_EXIT_TRAP);
  current = fiber;
  boot_switch(&resumer, fiber->saved);
}

void boot_fiber_park(void) {
  struct boot_fiber *fiber = current;
  if (!fiber) boot_panic("fiber: parked outside of a fiber", BOOT_EXIT_TRAP);
  current = NULL;
  boot_switch(&fiber->saved, resumer);
}

_Noreturn void boot_fiber_main(struct boot_fiber *fiber) {
  fiber->body(fiber->context);
  fiber->has_ended = true;
  boot_fiber_park();
  __builtin_trap();
}

struct boot_fiber *boot_fiber_current(void) { return current; }
bool boot_fiber_has_ended(const struct boot_fiber *fiber) { return fiber->has_ended; }
size_t boot_fiber_stack_peak(const struct boot_fiber *fiber) { return boot_dirty_bytes(fiber->stack); }

void boot_fiber_free(struct boot_fiber *fiber) {
  if (!fiber->has_ended) boot_panic("fiber: freed before its end", BOOT_EXIT_TRAP);
  struct boot_fiber **link = &fibers;
  while (*link != fiber) link = &(*link)->next;
  *link = fiber->next;
  boot_restore(fiber->guard);
  free((void *)fiber->guard.start);
  free(fiber);
}

struct boot_range boot_stack(void) {
  return current ? current->stack : (struct boot_range){(uint64_t)boot_stack_bottom, (uint64_t)boot_stack_top};
}

bool boot_is_stack_guard(uint64_t address) {
  if (address >= (uint64_t)boot_stack_guard && address < (uint64_t)boot_stack_bottom) return true;
  for (const struct boot_fiber *fiber = fibers; fiber; fiber = fiber->next) {
    if (address >= fiber->guard.start && address < fiber->guard.end) return true;
  }
  return false;
}

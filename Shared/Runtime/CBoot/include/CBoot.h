// The boot code and the machine's few primitives, as Swift sees them (Shared/Runtime/Machine/Unikernel).
//
// One processor, one address space, interrupts off but in boot_idle: nothing here needs a lock.
#ifndef CBOOT_H
#define CBOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Why an image stopped. QEMU's isa-debug-exit ends with status `2 * code + 1`, souk tells them apart by it.
enum boot_exit_code {
  BOOT_EXIT_DONE = 0x10,
  BOOT_EXIT_TRAP = 0x11,
  BOOT_EXIT_STACK_OVERFLOW = 0x12,
  BOOT_EXIT_OUT_OF_MEMORY = 0x13,
  BOOT_EXIT_HEAP_MISUSE = 0x14,
  BOOT_EXIT_UNFIT_MACHINE = 0x15,
  /// Settings, command line or disk are wrong: starting again would not help.
  BOOT_EXIT_CONFIGURATION = 0x16,
  /// A device that worked gave up: starting again may help.
  BOOT_EXIT_DEVICE_LOST = 0x17,
};

/// Stops for good: through isa-debug-exit at port 0xf4 where there is one, else halted with interrupts off. On Xen the
/// domain powers off, or (any code but BOOT_EXIT_DONE) has crashed.
_Noreturn void boot_exit(int code);

/// Prints `reason` and a backtrace of the caller, and stops.
_Noreturn void boot_panic(const char *_Nonnull reason, int code);

/// Writes to the console, the first serial port or Xen's; waits while its buffer is full.
void boot_console_write(const void *_Nonnull bytes, size_t count);

/// Takes the oldest byte that arrived at the console; -1 when there is none.
int boot_console_read(void);

/// Lets bytes that arrive at the console end the idle wait.
void boot_console_listen(void);

/// The kernel command line, zero-terminated; empty when the loader gave none. Never freed.
const char *_Nonnull boot_command_line(void);

/// A boot module (the PVH module list's first: QEMU's -initrd), or no bytes. Never freed, and not in the heap.
const void *_Nullable boot_module(size_t *_Nonnull byteCount);

// Time

/// The processor's time stamp counter.
uint64_t boot_tsc(void);

/// Ticks of the counter in a second, found at the start.
uint64_t boot_tsc_frequency(void);

/// Nanoseconds since some moment, by Xen's clock (another host's after a restore) or the time stamp counter.
uint64_t boot_nanoseconds(void);

/// Nanoseconds since 1970, UTC: by Xen, or by the real-time clock, which is asked once and knows whole seconds.
int64_t boot_wall_nanoseconds(void);

/// Seconds since 1970 from the real-time clock, UTC; not on Xen.
int64_t boot_rtc_seconds(void);

/// Halts until an interrupt, or until `nanoseconds` have passed; it may be woken earlier, and after
/// 4.2 seconds it is. The only place where interrupts are on.
void boot_idle(uint64_t nanoseconds);

/// How often boot_idle was called, modulo 2^32: whoever waits by the edges of several devices sees by it that somebody else
/// waited in between, and may have taken one.
uint32_t boot_idle_count(void);

/// Lines of the I/O APIC, from 0 on.
#define BOOT_INTERRUPT_LINES 24u

/// Lets edges of `line` of the I/O APIC (QEMU's microvm: the device's IRQ), or on Xen events of the event channel with
/// port `line`, end the idle wait. Whoever was woken asks
/// its device; an edge while the loop works is kept, and ends the next wait at once. Traps from the last line on.
void boot_enable_interrupt(uint32_t line);

/// Takes that back.
void boot_disable_interrupt(uint32_t line);

/// After a restore on Xen: the counter may have another rate, and the console another channel.
void boot_resume(void);

// Entropy

/// A word from RDRAND. Stops the machine when the generator fails, or gives the same word twice in a row (the
/// continuous test of FIPS 140-2 §4.9.2): a machine without entropy does not serve.
uint64_t boot_random(void);

// Heap (heap.c has its design)

/// What the heap holds. Bytes are those handed out, rounded up to their size class or to whole pages.
struct boot_heap_statistics {
  size_t total_bytes;
  size_t used_bytes;
  size_t peak_bytes;
  size_t page_bytes;  // Of the pages that hold them.
  uint64_t allocation_count;
  uint64_t free_count;
  uint64_t failure_count;
};

struct boot_heap_statistics boot_heap_statistics(void);

/// Whether less than a quarter of the heap is left in whole pages; what is handed out only to be given to the host, and
/// was last said to be so many bytes, is not part of the whole.
bool boot_heap_is_scarce(void);
void boot_heap_lend(size_t bytes);

// Fibers (fiber.c)

/// A function that runs on a stack of its own and may stop in its midst.
struct boot_fiber;

/// The smallest stack: less than a trap's message needs, enough for a test.
#define BOOT_MINIMUM_STACK_BYTES 8192u

/// Makes a fiber that will run `body(context)` on a stack of `stackBytes`, whole pages. An overflow of it is told
/// like the boot stack's.
struct boot_fiber *_Nonnull boot_fiber_make(
    size_t stackBytes, void (*_Nonnull body)(void *_Nullable), void *_Nullable context);

/// Runs `fiber` from where it parked until it parks again or ends. Stops the machine inside of a fiber or after the end.
void boot_fiber_resume(struct boot_fiber *_Nonnull fiber);

/// Returns to who resumed the fiber that runs, and returns here once it is resumed. Stops the machine outside of one.
void boot_fiber_park(void);

/// The fiber that runs; NULL on the boot stack.
struct boot_fiber *_Nullable boot_fiber_current(void);

bool boot_fiber_has_ended(const struct boot_fiber *_Nonnull fiber);

/// Bytes of the stack used at most so far, rounded up to pages.
size_t boot_fiber_stack_peak(const struct boot_fiber *_Nonnull fiber);

/// Gives the stack back. Stops the machine unless the fiber has ended.
void boot_fiber_free(struct boot_fiber *_Nonnull fiber);

// Swift's concurrency runtime

/// Runs `job` on the executor of two words (swift/ExecutorImpl.h: _swift_job_run_c; zeros are the generic one).
void _swift_job_run_c(void *_Nonnull job, void *_Nullable identity, uintptr_t implementation);

#endif

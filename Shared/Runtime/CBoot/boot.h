// What the files of CBoot share.
#ifndef BOOT_H
#define BOOT_H

#include "CBoot.h"

#define PAGE_BYTES 4096u

// From image.ld. All but the ends of stacks and guards are multiples of PAGE_BYTES.
extern char boot_text_start[], boot_text_end[];
extern char boot_rodata_start[], boot_rodata_end[];
extern char boot_data_start[], boot_image_end[];
extern char boot_stack_guard[], boot_stack_bottom[], boot_stack_top[];
extern char boot_trap_guard[], boot_trap_stack_bottom[], boot_trap_stack_top[];

/// Memory that a part of the machine owns: [start, end).
struct boot_range {
  uint64_t start, end;
};

/// Maps by what the linker script and the memory map say: nothing is writable and executable, what is not listed
/// is not there. `ram` is the heap's.
void boot_protect(struct boot_range ram);

/// Takes the pages of `range`, the heap's, away and gives them back: with them away, an access is a trap.
void boot_withdraw(struct boot_range range);
void boot_restore(struct boot_range range);

/// Forgets which pages of `range`, the heap's, were written to, and tells how many bytes are in those that were since.
void boot_clean(struct boot_range range);
size_t boot_dirty_bytes(struct boot_range range);

/// The stack that runs: the boot stack or a fiber's.
struct boot_range boot_stack(void);

/// Whether `address` is in the guard of some stack.
bool boot_is_stack_guard(uint64_t address);

/// The IDT: traps below FIRST_INTERRUPT, then the timer's vector and one for each line.
#define FIRST_INTERRUPT 32u
#define TIMER_VECTOR FIRST_INTERRUPT
#define FIRST_LINE_VECTOR (TIMER_VECTOR + 1)
#define SPURIOUS_VECTOR 63u
#define VECTOR_COUNT 64u

/// Loads the IDT and the stack that traps run on.
void boot_install_traps(void);

/// Starts the heap on `ram`, which must be mapped and pages.
void boot_heap_start(struct boot_range ram);

/// Masks the old interrupt controllers, starts the local APIC and finds the counter's frequency.
void boot_start_time(void);

/// Words on the console, before and beside Swift.
void boot_print(const char *text);
void boot_print_hex(uint64_t value);
void boot_print_decimal(uint64_t value);

/// Prints the return addresses from `frame` (a saved %rbp) on.
void boot_print_backtrace(uint64_t frame);

static inline void port_write(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_read(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline void write_msr(uint32_t index, uint64_t value) {
  __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

struct cpuid {
  uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf) {
  struct cpuid result;
  __asm__ volatile("cpuid"
                   : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                   : "a"(leaf), "c"(0));
  return result;
}

#endif

// Intel SDM volume 3 chapter 6 before changing this file.
//
// Traps: every one of them is a mistake in the image. Its cause in words, registers and a backtrace go to the
// console, and the machine stops. They run on a stack of their own, or an overflow of the stack could not be told.

#include "boot.h"

// Seldom run: as small as can be.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

/// Return addresses printed; a deeper backtrace is cut.
#define MAXIMUM_FRAMES 32

/// What start.S pushes, from the lowest address on.
struct trap_frame {
  uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
  uint64_t vector, error;
  uint64_t rip, cs, rflags, rsp, ss;
};

struct gate {
  uint16_t offset_low, selector;
  uint8_t stack_index, type;
  uint16_t offset_middle;
  uint32_t offset_high, reserved;
};

static struct gate idt[VECTOR_COUNT];
static struct {
  uint32_t reserved0;
  uint64_t rsp[3], reserved1, ist[7], reserved2;
  uint16_t reserved3, io_map;
} __attribute__((packed)) task_state;

extern char boot_trap_stubs[], boot_interrupt_stub[];
extern uint64_t boot_gdt[];
_Noreturn void boot_trap(const struct trap_frame *frame);

static void set_gate(unsigned vector, const char *handler, uint8_t stack_index) {
  uint64_t address = (uint64_t)handler;
  idt[vector] = (struct gate){
      .offset_low = (uint16_t)address,
      .selector = 8,
      .stack_index = stack_index,
      .type = 0x8e,  // present, interrupt gate
      .offset_middle = (uint16_t)(address >> 16),
      .offset_high = (uint32_t)(address >> 32),
  };
}

void boot_install_traps(void) {
  for (unsigned vector = 0; vector < FIRST_INTERRUPT; vector++) set_gate(vector, boot_trap_stubs + 16 * vector, 1);
  for (unsigned vector = FIRST_INTERRUPT; vector < VECTOR_COUNT; vector++) set_gate(vector, boot_interrupt_stub, 0);

  task_state.ist[0] = (uint64_t)boot_trap_stack_top;
  task_state.io_map = sizeof task_state;
  uint64_t base = (uint64_t)&task_state;
  boot_gdt[3] = (sizeof task_state - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
  boot_gdt[4] = base >> 32;
  __asm__ volatile("ltr %w0" : : "r"(24));

  struct {
    uint16_t limit;
    uint64_t base;
  } __attribute__((packed)) pointer = {sizeof idt - 1, (uint64_t)idt};
  __asm__ volatile("lidt %0" : : "m"(pointer));
}

static const char *const names[FIRST_INTERRUPT] = {
    [0] = "division by zero",     [1] = "debug exception",        [2] = "non-maskable interrupt",
    [3] = "breakpoint",           [4] = "overflow",               [5] = "bound range exceeded",
    [6] = "invalid instruction (what a Swift precondition ends with)", [7] = "no coprocessor",         [8] = "double fault",
    [10] = "invalid TSS",         [11] = "segment not present",   [12] = "stack segment fault",
    [13] = "general protection fault", [14] = "page fault",       [16] = "x87 exception",
    [17] = "misaligned access",   [18] = "machine check",         [19] = "SSE exception",
};

/// The kind of access of a page fault, from its error code's bits 4 (fetch) and 1 (write).
static const char *access(uint64_t error) {
  return error & 16 ? "execution" : error & 2 ? "write" : "read";
}

void boot_print_backtrace(uint64_t frame) {
  struct boot_range stack = boot_stack();
  for (int count = 0; count < MAXIMUM_FRAMES; count++) {
    // The Swift library's async functions mark their frames in bit 60, ours do not. Frames lie on the stack and go up,
    // or the chain is broken.
    frame &= ~(1ull << 60);
    if (frame < stack.start || frame > stack.end - 16 || frame & 7) return;
    const uint64_t *words = (const uint64_t *)frame;
    if (words[1] < (uint64_t)boot_text_start || words[1] >= (uint64_t)boot_text_end) return;
    boot_print("  at ");
    boot_print_hex(words[1]);
    boot_print("\n");
    if ((words[0] & ~(1ull << 60)) <= frame) return;
    frame = words[0];
  }
}

void boot_panic(const char *reason, int code) {
  boot_print("panic: ");
  boot_print(reason);
  boot_print("\nbacktrace:\n");
  boot_print_backtrace((uint64_t)__builtin_frame_address(0));
  boot_exit(code);
}

static void print_register(const char *name, uint64_t value) {
  boot_print(name);
  boot_print_hex(value);
}

void boot_trap(const struct trap_frame *frame) {
  uint64_t address;
  __asm__ volatile("movq %%cr2, %0" : "=r"(address));
  int code = BOOT_EXIT_TRAP;
  boot_print("trap: ");
  if (frame->vector == 14 && boot_is_stack_guard(address)) {
    code = BOOT_EXIT_STACK_OVERFLOW;
    boot_print("stack overflow");
  } else if (frame->vector == 14 && address < PAGE_BYTES) {
    boot_print("null pointer: ");
    boot_print(access(frame->error));
  } else if (frame->vector == 14) {
    boot_print(frame->error & 1 ? "forbidden " : "unmapped ");
    boot_print(access(frame->error));
  } else {
    const char *name = names[frame->vector];
    boot_print(name ? name : "reserved exception");
  }
  if (frame->vector == 14) print_register(" at address ", address);
  print_register("\nrip ", frame->rip);
  print_register(" rsp ", frame->rsp);
  print_register(" rbp ", frame->rbp);
  print_register("\nrax ", frame->rax);
  print_register(" rbx ", frame->rbx);
  print_register(" rcx ", frame->rcx);
  print_register("\nrdx ", frame->rdx);
  print_register(" rsi ", frame->rsi);
  print_register(" rdi ", frame->rdi);
  print_register("\nr8  ", frame->r8);
  print_register(" r9  ", frame->r9);
  print_register(" r10 ", frame->r10);
  print_register("\nr11 ", frame->r11);
  print_register(" r12 ", frame->r12);
  print_register(" r13 ", frame->r13);
  print_register("\nr14 ", frame->r14);
  print_register(" r15 ", frame->r15);
  print_register(" rflags ", frame->rflags);
  boot_print("\nvector ");
  boot_print_decimal(frame->vector);
  print_register(" error ", frame->error);
  boot_print("\nbacktrace:\n  at ");
  boot_print_hex(frame->rip);
  boot_print("\n");
  boot_print_backtrace(frame->rbp);
  boot_exit(code);
}

#pragma clang attribute pop

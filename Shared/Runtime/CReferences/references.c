// stdlib/public/core/EmbeddedRuntime.swift of Swift 6.3 before changing this file: its functions of these names are weak,
// and these take their place. Compiled to LLVM bitcode, so that the linker knows of their attributes where they are
// called.

#include "CReferences.h"

// The second word of an object counts its references. All of its lower 63 bits set: it is never counted. The highest bit
// set: it stands somewhere else than on the heap. What is not positive as an address is no object.
//
// Calls of these stand everywhere in Swift, so they keep every register but the argument's and the result's, and callers
// need not save theirs. That is what no_caller_saved_registers says, which allows of no code by the compiler here.
//
// One processor runs an image, and no instruction is interrupted in its middle, so counting needs no lock.

#define BY_HAND __attribute__((naked, used, noinline, no_caller_saved_registers, target("general-regs-only")))

// "Never counted" is looked for in the lower half of the count: as many references find no room in memory.

BY_HAND void *swift_retain(void *object) {
  __asm__("movq %rdi, %rax\n\t"
          "testq %rdi, %rdi\n\t"
          "jle 1f\n\t"
          "cmpl $-1, 8(%rdi)\n\t"
          "je 1f\n\t"
          "incq 8(%rdi)\n"
          "1: retq");
}

BY_HAND void swift_release(void *object) {
  __asm__("testq %rdi, %rdi\n\t"
          "jle 1f\n\t"
          "cmpl $-1, 8(%rdi)\n\t"
          "je 1f\n\t"
          "decq 8(%rdi)\n\t"
          "jle 2f\n"
          "1: retq\n"

          // Zero, or negative as it is not on the heap.
          "2: pushq %rbp\n\t"
          "movq %rsp, %rbp\n\t"
          "pushq %rax\n\t"
          "pushq %rcx\n\t"
          "movabsq $0x7fffffffffffffff, %rax\n\t"
          "movq 8(%rdi), %rcx\n\t"
          "cmpq %rax, %rcx\n\t"
          "je 4f\n\t"
          "testq %rax, %rcx\n\t"
          "jne 3f\n\t"
          // Its destructor may retain and release it.
          "orq %rax, %rcx\n\t"
          "movq %rcx, 8(%rdi)\n\t"
          "pushq %rdx\n\t"
          "pushq %rsi\n\t"
          "pushq %r8\n\t"
          "pushq %r9\n\t"
          "pushq %r10\n\t"
          "pushq %r11\n\t"
          "subq $256, %rsp\n\t"
          "movaps %xmm0, (%rsp)\n\t"
          "movaps %xmm1, 16(%rsp)\n\t"
          "movaps %xmm2, 32(%rsp)\n\t"
          "movaps %xmm3, 48(%rsp)\n\t"
          "movaps %xmm4, 64(%rsp)\n\t"
          "movaps %xmm5, 80(%rsp)\n\t"
          "movaps %xmm6, 96(%rsp)\n\t"
          "movaps %xmm7, 112(%rsp)\n\t"
          "movaps %xmm8, 128(%rsp)\n\t"
          "movaps %xmm9, 144(%rsp)\n\t"
          "movaps %xmm10, 160(%rsp)\n\t"
          "movaps %xmm11, 176(%rsp)\n\t"
          "movaps %xmm12, 192(%rsp)\n\t"
          "movaps %xmm13, 208(%rsp)\n\t"
          "movaps %xmm14, 224(%rsp)\n\t"
          "movaps %xmm15, 240(%rsp)\n\t"
          "callq boot_destroy\n\t"
          "movaps (%rsp), %xmm0\n\t"
          "movaps 16(%rsp), %xmm1\n\t"
          "movaps 32(%rsp), %xmm2\n\t"
          "movaps 48(%rsp), %xmm3\n\t"
          "movaps 64(%rsp), %xmm4\n\t"
          "movaps 80(%rsp), %xmm5\n\t"
          "movaps 96(%rsp), %xmm6\n\t"
          "movaps 112(%rsp), %xmm7\n\t"
          "movaps 128(%rsp), %xmm8\n\t"
          "movaps 144(%rsp), %xmm9\n\t"
          "movaps 160(%rsp), %xmm10\n\t"
          "movaps 176(%rsp), %xmm11\n\t"
          "movaps 192(%rsp), %xmm12\n\t"
          "movaps 208(%rsp), %xmm13\n\t"
          "movaps 224(%rsp), %xmm14\n\t"
          "movaps 240(%rsp), %xmm15\n\t"
          "addq $256, %rsp\n\t"
          "popq %r11\n\t"
          "popq %r10\n\t"
          "popq %r9\n\t"
          "popq %r8\n\t"
          "popq %rsi\n\t"
          "popq %rdx\n"
          "3: popq %rcx\n\t"
          "popq %rax\n\t"
          "popq %rbp\n\t"
          "retq\n"

          // Released once more than retained, and not on the heap.
          "4: ud2");
}

// A bridge object is an object whose spare bits tell something else: bits 0 to 2 and 60 to 62.

BY_HAND void *swift_bridgeObjectRetain(void *object) {
  __asm__("andq 1f(%rip), %rdi\n\t"
          "jmp swift_retain\n"
          "1: .quad 0x8ffffffffffffff8");
}

BY_HAND void swift_bridgeObjectRelease(void *object) {
  __asm__("andq 1f(%rip), %rdi\n\t"
          "jmp swift_release\n"
          "1: .quad 0x8ffffffffffffff8");
}

// System V x86-64 ABI §3.2.1 (which registers a call keeps) before changing this file.

    .section .text.boot_switch, "ax"

// void boot_switch(uint64_t **save, uint64_t *stack): leaves this stack, with its pointer in *save, and goes on at
// `stack`, where another call of boot_switch stopped or boot_fiber_make laid the same words out. To the compiler it is a
// call like any other: it has saved what a call may change, the rest is saved here.
    .global boot_switch
boot_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

// Where a fiber begins: boot_fiber_main(%rbx), with %rbp zero, the end of its backtraces.
    .section .text.boot_fiber_start, "ax"
    .global boot_fiber_start
boot_fiber_start:
    movq %rbx, %rdi
    call boot_fiber_main
    ud2

    .section .note.GNU-stack, "", @progbits

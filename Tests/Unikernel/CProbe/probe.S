    .section .text.probe_registers, "ax"
    .global probe_registers
probe_registers:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $40, %rsp                  // 0: control words as found, 8: as set, 16: as they are, 24: the seed
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rdi, 24(%rsp)

    // The rounding of SSE (bits 13, 14) and x87 (bits 10, 11) by the seed's low two bits: harmless to integers.
    movl %edi, %eax
    andl $3, %eax
    movl %eax, %ecx
    shll $13, %eax
    orl $0x1f80, %eax
    movl %eax, 8(%rsp)
    shll $10, %ecx
    orl $0x37f, %ecx
    movl %ecx, 12(%rsp)
    ldmxcsr 8(%rsp)
    fldcw 12(%rsp)

    leaq 1(%rdi), %rbx
    leaq 2(%rdi), %rbp
    leaq 3(%rdi), %r12
    leaq 4(%rdi), %r13
    leaq 5(%rdi), %r14
    leaq 6(%rdi), %r15
    call *%rsi

    xorl %eax, %eax
    movq 24(%rsp), %rdi
    movl $0, 16(%rsp)
    movl $0, 20(%rsp)
    stmxcsr 16(%rsp)
    fnstcw 20(%rsp)
    // The low six bits are SSE's flags of what happened, which anybody may add to.
    andl $~0x3f, 16(%rsp)
    andl $~0x3f, 8(%rsp)
    movq 16(%rsp), %rcx
    cmpq %rcx, 8(%rsp)
    jne 1f
    .set step, 1
    .irp register, %rbx, %rbp, %r12, %r13, %r14, %r15
    leaq step(%rdi), %rcx
    cmpq %rcx, \register
    jne 1f
    .set step, step + 1
    .endr
    movl $1, %eax
1:  ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $40, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

    .section .note.GNU-stack, "", @progbits

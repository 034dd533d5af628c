// Xen's PVH start: docs/misc/pvh.pandoc in Xen's sources. Intel SDM volume 3, chapters 4 to 6.
//
// From the monitor's 32-bit entry to boot_enter in long mode, and the first instructions of every trap.

#define PRESENT_WRITABLE 3
#define LARGE_PAGE 0x83

// ELF note 18 (XEN_ELFNOTE_PHYS32_ENTRY): where a PVH loader enters.
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad boot_entry

// Entry: 32-bit protected mode, flat segments, paging and interrupts off, %ebx = hvm_start_info. The loader has
// zeroed .bss, where the page tables are.
    .section .text.start, "ax"
    .code32
    .global boot_entry
boot_entry:
    cld
    cli
    movl $boot_stack_top, %esp
    movl %ebx, %ebp

    // 4 GB at their own addresses, in pages of 2 MB, everything allowed; boot_protect narrows it.
    movl $boot_pml4, %edi
    movl $boot_pdpt + PRESENT_WRITABLE, (%edi)
    movl $boot_pdpt, %edi
    movl $boot_pd + PRESENT_WRITABLE, %eax
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b
    movl $boot_pd, %edi
    movl $LARGE_PAGE, %eax
    movl $2048 / 16, %ecx
2:  .irp entry, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movl %eax, 8 * \entry(%edi)
    addl $0x200000, %eax
    .endr
    addl $128, %edi
    decl %ecx
    jnz 2b

    movl %cr4, %eax
    orl $0x620, %eax                // PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx          // EFER: LME, NXE
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl %cr0, %eax
    andl $~0x60000004, %eax         // not CD, NW, EM
    orl $0x80010002, %eax           // PG, WP, MP
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $boot_entry64

    .code64
boot_entry64:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $boot_stack_top, %esp
    fninit
    ldmxcsr default_mxcsr
    movl %ebp, %edi
    xorl %ebp, %ebp                 // the end of every backtrace
    call boot_enter
    ud2

// 16 bytes for each vector of the IDT: the vector, an error code where the processor pushes none, and on.
    .balign 16
    .global boot_trap_stubs
boot_trap_stubs:
    .set vector, 0
    .rept 32
    .balign 16
    // Those that push an error code (SDM 3, table 6-1): 8, 10 to 14, 17, 21, 29, 30.
    .if ((1 << vector) & 0x60227d00) == 0
    pushq $0
    .endif
    pushq $vector
    jmp trap
    .set vector, vector + 1
    .endr

trap:
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    call boot_trap
    ud2

// Every interrupt: it has ended the idle wait, and whoever waited looks at the devices. Acknowledged, no more.
    .balign 16
    .global boot_interrupt_stub
boot_interrupt_stub:
    pushq %rax
    movl $0xfee000b0, %eax          // the local APIC's EOI register
    movl $0, (%rax)
    popq %rax
    iretq

    .section .rodata.mxcsr, "a"
default_mxcsr:
    .long 0x1f80                    // every SSE exception masked, as at reset

    .section .data.gdt, "aw"
    .balign 16
    .global boot_gdt
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        // 8: code, 64 bits
    .quad 0x00cf93000000ffff        // 16: data
    .quad 0, 0                      // 24: the task state segment, from boot_install_traps
gdt_pointer:
    .word 5 * 8 - 1
    .quad boot_gdt

    .section .bss.page_aligned, "aw", @nobits
    .balign 4096
    .global boot_pml4, boot_pdpt, boot_pd
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pd:
    .skip 4 * 4096

    .section .note.GNU-stack, "", @progbits

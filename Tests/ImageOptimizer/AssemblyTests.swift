import Testing

@testable import ImageOptimizer

struct AssemblyTests {
  @Test func `what code may be changed at is found, comments aside`() {
    let assembly = Assembly(
      Array(
        """
        \t.section\t.text.f,"ax",@progbits
        f:                                      # @f
        .Lfunc_begin0:
        \t.loc\t3 14 15 prologue_end             # a.swift:14:15
        \tmovl\t$".L.str.7.#a", %edi            # imm = 1
        .Ltmp1:
        .LBB0_1:                                # in Loop
        # %bb.2:
        .Ltmp2:                                 # Block address taken
        \t#APP
        \thlt
        \t.byte\t0x0f, 0x01
        \t#NO_APP
        \tretq
        \t.quad\t.LBB0_1

        """.utf8))
    let found = assembly.statements.map { "\($0.kind) \($0.text)" }
    #expect(
      found == [
        "label f", "location .loc\t3 14 15 prologue_end", "instruction movl\t$\".L.str.7.#a\", %edi",
        "label .LBB0_1", "label .Ltmp2", "verbatim hlt", "verbatim .byte\t0x0f, 0x01", "instruction retq",
      ])
    #expect(assembly.references() == [".LBB0_1": 1])
  }

  @Test func `a name holds what its text does, escaped`() {
    let assembly = Assembly(Array("\tmovl\t$\".L.str.9.<a href=\\\"#\\\\\", %edi  # x\n".utf8))
    #expect(assembly.statements.map(\.text) == ["movl\t$\".L.str.9.<a href=\\\"#\\\\\", %edi"])
  }

  @Test func `a listing without a last newline, or without anything, is read whole`() {
    #expect(Assembly(Array("\tretq".utf8)).statements.map(\.text) == ["retq"])
    #expect(Assembly([]).statements.isEmpty)
  }

  @Test func `edits take the place of their lines, and nothing else changes`() {
    let assembly = Assembly(Array("f:\n\tnop\n\tretq\n\t.byte\t7\n".utf8))
    let edited = assembly.applying(
      [.init(bytes: assembly.statements[1].bytes, text: "\tpause\n")], functions: "g:\n")
    #expect(String(decoding: edited, as: UTF8.self) == "f:\n\tpause\n\tretq\n\t.byte\t7\ng:\n")
  }

  @Test(arguments: [
    ("movq\t%rbx, %rdi", 3), ("movl\t$7, %edx", 5), ("movq\t8(%rdi), %rax", 4), ("movq\t-200(%rbp), %rax", 7),
    ("movq\t8(%rsp), %rax", 5), ("callq\tf", 5), ("jmp\tf", 5), ("jmpq\t*%rax", 2), ("popq\t%rbx", 1),
    ("popq\t%r15", 2), ("retq", 1), ("addq\t$16, %rsp", 4), ("addq\t$1000, %rax", 7), ("xorl\t%eax, %eax", 2),
    ("cmpb\t$0, (%rax,%rcx,8)", 4), ("movabsq\t$-1, %rax", 10), ("movzbl\t(%rdi), %eax", 3),
  ])
  func `an instruction's length is about what the assembler makes of it`(text: String, byteCount: Int) {
    #expect(Instruction(text).estimatedByteCount == byteCount)
  }
}

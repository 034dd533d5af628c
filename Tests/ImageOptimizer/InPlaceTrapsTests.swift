import Testing

@testable import ImageOptimizer

struct InPlaceTrapsTests {
  private func optimized(_ listing: String) -> String {
    String(decoding: InPlaceTraps.optimized(Assembly(Array(listing.utf8))), as: UTF8.self)
  }

  @Test func `a check leads around its trap, which keeps its line`() {
    let listing = """
      \t.loc\t2 9 1
      f:
      \t.loc\t1 10 3 prologue_end
      \taddq\t%rsi, %rdi
      \tjo\t.LBB0_1
      \tretq
      .LBB0_1:
      \t.loc\t2 20 5
      .Ltmp1:
      \tud2

      """
    #expect(
      optimized(listing) == """
        \t.loc\t2 9 1
        f:
        \t.loc\t1 10 3 prologue_end
        \taddq\t%rsi, %rdi
        \tjno\t.LCHECKED_4
        \t.loc\t2 20 5
        \tud2
        .LCHECKED_4:
        \t.loc\t1 10 3
        \tretq
        .LBB0_1:
        \t.loc\t2 20 5
        .Ltmp1:

        """)
  }

  @Test(arguments: [
    // Two checks share it.
    "\tjo\t.LBB0_1\n\tjb\t.LBB0_1\n\tretq\n.LBB0_1:\n\tud2\n",
    // Code runs into it.
    "\tjo\t.LBB0_1\n\tcallq\tg\n.LBB0_1:\n\tud2\n", "\tjo\t.LBB0_1\n.LBB0_2:\n.LBB0_1:\n\tud2\n",
    // A table leads to it, too.
    "\tjo\t.LBB0_1\n\tretq\n.LBB0_1:\n\tud2\n\t.quad\t.LBB0_1\n",
    // Something happens before.
    "\tjo\t.LBB0_1\n\tretq\n.LBB0_1:\n\tnop\n\tud2\n",
    "\tjo\t.LBB0_1\n\tretq\n.LBB0_1:\n\t#APP\n\tnop\n\t#NO_APP\n\tud2\n",
    // It is no condition.
    "\tjmp\t.LBB0_1\n.LBB0_1:\n\tud2\n",
    // The listing has not told yet which file the trap is in.
    "\tjo\t.LBB0_1\n\tretq\n.LBB0_1:\n\t.file\t7 \"a.swift\"\n\t.loc\t7 1 1\n\tud2\n",
  ])
  func `what is more than a check's own trap stays`(code: String) {
    #expect(optimized("f:\n" + code) == "f:\n" + code)
  }

  @Test func `every condition has an opposite, which has it in turn`() {
    for jump in [
      "jo", "jb", "je", "jbe", "js", "jp", "jl", "jle", "jno", "jae", "jne", "ja", "jns", "jnp", "jge", "jg",
    ] {
      let opposite = Instruction("\(jump)\t.LBB0_1").oppositeJump
      #expect(opposite.flatMap { Instruction("\($0)\t.LBB0_1").oppositeJump } == jump)
    }
    #expect(Instruction("jmp\t.LBB0_1").oppositeJump == nil)
    #expect(Instruction("jrcxz\t.LBB0_1").oppositeJump == nil)
  }

  @Test func `an asynchronous frame is entered and left without its mark`() {
    let listing =
      "\tleaq\t8(%rsp), %rbp\n\tsubq\t$8, %rsp\n\tsubq\t$8, %rsp\n\tpopq\t%rbp\n\tbtrq\t$60, %rbp\n\tretq\n"
    #expect(
      String(decoding: AsyncFrames.optimized(Assembly(Array(listing.utf8))), as: UTF8.self)
        == "\tleaq\t8(%rsp), %rbp\n\tpushq\t%rax\n\tsubq\t$8, %rsp\n\tpopq\t%rbp\n\tretq\n")
  }
}

import Testing

@testable import ImageOptimizer

struct OutlinerTests {
  private func outlined(_ listing: String, leastGain: Int = 1) -> String {
    String(decoding: Outliner(leastGain: leastGain).optimized(Assembly(Array(listing.utf8))), as: UTF8.self)
  }

  private let call = "\tmovl\t$1, %esi\n\tmovl\t$2, %edx\n\tcallq\tg\n"

  @Test func `a call with the same arguments in two functions becomes one that jumps to what was called`() {
    #expect(
      outlined("f:\n\(call)\tnop\nh:\n\tincq\t%rax\n\(call)\tnop\n\(call)") == """
        f:
        \tcallq\tOUTLINED_CALL_1_0
        \tnop
        h:
        \tincq\t%rax
        \tcallq\tOUTLINED_CALL_1_0
        \tnop
        \tcallq\tOUTLINED_CALL_1_0
        \t.section\t.text.OUTLINED_CALL_1_0,"ax",@progbits
        \t.type\tOUTLINED_CALL_1_0,@function
        OUTLINED_CALL_1_0:
        \tmovl\t$1, %esi
        \tmovl\t$2, %edx
        \tjmp\tg
        \t.size\tOUTLINED_CALL_1_0, .-OUTLINED_CALL_1_0

        """)
  }

  @Test func `what ends functions alike becomes one end, its pops with it`() {
    let end = "\taddq\t$264, %rsp\n\tpopq\t%rbx\n\tpopq\t%r14\n\tpopq\t%rbp\n\tretq\n"
    let result = outlined("f:\n\(end)g:\n\tnop\n\(end)h:\n\tjmp\t.LBB0_1\n\(end)")
    #expect(result.contains("f:\n\tjmp\tOUTLINED_EXIT_1_0\ng:\n\tnop\n\tjmp\tOUTLINED_EXIT_1_0\n"))
    #expect(result.contains("OUTLINED_EXIT_1_0:\n\(end)"))
  }

  @Test func `lines of debugging information stay where they were`() {
    let one = "\tmovl\t$1, %esi\n.Ltmp1:\n\t.loc\t1 2 3\n\tmovl\t$2, %edx\n\tcallq\tg\n"
    #expect(
      outlined("f:\n\(one)\(call)\(call)").hasPrefix(
        "f:\n.Ltmp1:\n\t.loc\t1 2 3\n\tcallq\tOUTLINED_CALL_1_0\n\tcallq\tOUTLINED_CALL_1_0\n"))
  }

  @Test(arguments: [
    // A jump leads into the middle.
    "\tmovl\t$1, %esi\n.LBB0_1:\n\tcallq\tg\n",
    // The call would find an address on top of its arguments.
    "\tmovq\t8(%rsp), %rsi\n\tcallq\tg\n", "\tpushq\t$1000\n\tcallq\tg\n",
    "\tmovl\t$1, %esi\n\tcallq\t*8(%rsp)\n",
    // A backtrace would miss the function.
    "\tcallq\tg\n\tretq\n",
    // Code by hand.
    "\t#APP\n\tmovl\t$1, %esi\n\t#NO_APP\n\tcallq\tg\n",
    // A prefix belongs to its instruction; a trap to its line; a jump within the function leads to another block.
    "\tlock\t\tincq\t8(%rax)\n\tcallq\tg\n", "\tmovl\t$1, %esi\n\tud2\n",
    "\tmovl\t$1, %esi\n\tjmp\t.LBB0_1\n",
    "\tmovl\t$1, %esi\n\tjmpq\t*.LJTI0_0(,%rax,8)\n",
  ])
  func `what must not move stays, however often it is there`(piece: String) {
    let listing = "f:\n" + String(repeating: piece, count: 50)
    #expect(outlined(listing) == listing)
  }

  @Test func `what saves less than is asked for stays`() {
    // Eight bytes and five at each place: three times three bytes, less the eight of the function.
    let listing = "f:\n" + String(repeating: "\tmovq\t%rbx, %rdi\n\tcallq\tg\n", count: 3)
    #expect(outlined(listing, leastGain: 2) == listing)
    #expect(outlined(listing, leastGain: 1) != listing)
  }

  @Test func `a sequence is as long as the limit, and no longer`() {
    let piece = (0..<100).map { "\tmovl\t$\($0 + 1000), %esi\n" }.joined() + "\tcallq\tg\n"
    let result = outlined("f:\n\(piece)h:\n\(piece)")
    let function = result.components(separatedBy: "OUTLINED_CALL_1_0:\n")[1]
    #expect(function.split(separator: "\n").count - 1 == Outliner.longestSequence)
  }

  @Test func `the one that saves most is taken first, and no place twice`() {
    let short = "\tmovl\t$2, %edx\n\tcallq\tg\n"
    let result = outlined("f:\n\(call)\(call)\(call)\(call)\(short)\(short)")
    #expect(result.components(separatedBy: "callq\tOUTLINED_CALL_1_0\n").count == 5)
    #expect(result.components(separatedBy: "\tcallq\tOUTLINED_CALL").count - 1 == 4)
    #expect(
      result.hasPrefix("f:\n" + String(repeating: "\tcallq\tOUTLINED_CALL_1_0\n", count: 4) + short + short))
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [Substring] {
    split(separator: separator, omittingEmptySubsequences: false)
  }
}

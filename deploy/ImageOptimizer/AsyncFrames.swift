// LLVM's X86FrameLowering.cpp (SwiftAsyncContext) before changing this file.

/// Shortens how asynchronous functions enter and leave their frames.
///
/// A frame's mark for a debugger, bit 60 of the saved frame pointer, is never set in an image (-swift-async-fp=never),
/// and yet taken away again at each exit. And room for the context is made by subtracting, which a push does in a
/// quarter of the bytes: what it writes there is never read.
enum AsyncFrames {
  static func optimized(_ assembly: Assembly) -> [UInt8] {
    var edits: [Assembly.Edit] = []
    var previous = ""
    for statement in assembly.statements where statement.kind == .instruction {
      switch statement.text {
      case "btrq\t$60, %rbp" where previous == "popq\t%rbp":
        edits.append(.init(bytes: statement.bytes, text: ""))
      case "subq\t$8, %rsp" where previous == "leaq\t8(%rsp), %rbp":
        edits.append(.init(bytes: statement.bytes, text: "\tpushq\t%rax\n"))
      default: break
      }
      previous = statement.text
    }
    return assembly.applying(edits)
  }
}

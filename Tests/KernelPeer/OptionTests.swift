import MachineTesting
import Platform
import Testing

/// Kernels that are set up otherwise than Linux is by default.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct OptionTests {
  struct Kernel: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let settings: [String]

    init(_ name: String, _ settings: String...) {
      testDescription = name
      self.settings = settings
    }
  }

  static let kernels = [
    Kernel("without timestamps", "timestamps=0"),
    Kernel("without SACK", "sack=0"),
    Kernel("without window scaling", "window_scaling=0"),
    Kernel("without any option", "timestamps=0", "sack=0", "window_scaling=0"),
    Kernel("with ECN", "ecn=1"),
    Kernel("with Reno", "congestion_control=reno"),
    Kernel("with small buffers", "rmem=4096 8192 16384", "wmem=4096 8192 16384"),
  ]

  @Test(arguments: kernels, [0, 0.02])
  func `a kernel that speaks TCP otherwise is understood`(_ kernel: Kernel, loss: Double) throws {
    for client in End.allCases {
      var options = KernelLink.Options(offloads: false)
      options.faults = FaultyDevice.Faults(loss: loss, reorder: loss, seed: 23)
      try KernelLink.run(options) { link in
        for setting in kernel.settings {
          let parts = setting.split(separator: "=").map(String.init)
          try TestNamespace.set("net.ipv4.tcp_" + parts[0], parts[1])
        }
        let pair = try await link.connect(from: client)
        for sender in End.allCases {
          let count = 400_000
          let sending = link.begin { try await pair[sender].send(count, until: link.deadline) }
          #expect(try await pair[sender.other].receive(count, until: link.deadline) == count)
          try await sending.value()
        }
        pair.own.finish()
        #expect(try await pair.kernel.isAtEnd(until: link.deadline))
        pair.close()
        #expect(link.figure("souk_tcp_failures_total") == 0)
      }
    }
  }
}

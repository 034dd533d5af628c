import MachineTesting
import Platform
import Testing

/// A link that loses and reorders, the same frames in every run as far as the kernel sends the same.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct LossTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let loss: Double
    let reorder: Double
    let offloads: Bool
    let byteCount: Int
    var testDescription: String {
      "loss \(loss), reorder \(reorder), offloads \(offloads)"
    }
  }

  static let cases = [
    Case(loss: 0.01, reorder: 0, offloads: false, byteCount: 3 << 20),
    Case(loss: 0.05, reorder: 0, offloads: false, byteCount: 1 << 20),
    Case(loss: 0, reorder: 0.05, offloads: false, byteCount: 3 << 20),
    Case(loss: 0.01, reorder: 0.02, offloads: false, byteCount: 2 << 20),
    Case(loss: 0.05, reorder: 0.05, offloads: false, byteCount: 1 << 20),
    Case(loss: 0.01, reorder: 0.02, offloads: true, byteCount: 3 << 20),
    Case(loss: 0.05, reorder: 0.05, offloads: true, byteCount: 1 << 20),
  ]

  @Test(arguments: cases, End.allCases)
  func `a stream arrives whole over a link that loses`(_ test: Case, sender: End) throws {
    var options = KernelLink.Options(offloads: test.offloads)
    options.faults = FaultyDevice.Faults(loss: test.loss, reorder: test.reorder, seed: 7)
    try KernelLink.run(options) { link in
      let pair = try await link.connect(from: sender)
      let count = test.byteCount
      let sending = link.begin {
        try await pair[sender].send(count, until: link.deadline)
        pair[sender].finish()
      }
      #expect(try await pair[sender.other].receive(count + 1, until: link.deadline) == count)
      try await sending.value()
      pair.close()
      // Of large frames there are few.
      #expect(test.loss == 0 || test.offloads || link.device.lostCount > 0)
      #expect(link.figure("souk_tcp_failures_total") == 0)
    }
  }

  @Test(arguments: End.allCases)
  func `connections open, talk and close over a link that loses`(client: End) throws {
    var options = KernelLink.Options()
    options.faults = FaultyDevice.Faults(loss: 0.05, reorder: 0.05, seed: 11)
    try KernelLink.run(options) { link in
      let jobs = (0..<60).map { number in
        link.begin {
          let pair = try await link.connect(from: client)
          for end in [client, client.other] {
            let sending = link.begin { try await pair[end].send(5000, at: number, until: link.deadline) }
            guard try await pair[end.other].receive(5000, at: number, until: link.deadline) == 5000 else {
              return false
            }
            try await sending.value()
          }
          pair[number % 2 == 0 ? .own : .kernel].finish()
          pair.close()
          return true
        }
      }
      for job in jobs {
        let isWhole = try await job.value()
        #expect(isWhole)
      }
    }
  }
}

import Bytes
import MachineTesting
import Platform
import Testing

/// Why these tests may be missing.
let needsRoot: Comment = "needs root, /dev/net/tun and iproute2"

/// Bytes between our stack and the Linux kernel.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct StreamTests {
  /// A stream of `count` bytes from `sender` over the link, received as it was sent.
  private func carry(_ count: Int, from sender: End, client: End, _ options: KernelLink.Options) throws {
    try KernelLink.run(options) { link in
      let pair = try await link.connect(from: client)
      let sending = link.begin {
        try await pair[sender].send(count, until: link.deadline)
        pair[sender].finish()
      }
      #expect(try await pair[sender.other].receive(count, until: link.deadline) == count)
      #expect(try await pair[sender.other].isAtEnd(until: link.deadline))
      try await sending.value()
      pair.close()
      #expect(link.figure("souk_tcp_dropped_total", "bad_ack") == 0)
    }
  }

  @Test(arguments: KernelLink.Course.allCases, End.allCases)
  func `32 MB arrive as they were sent`(course: KernelLink.Course, sender: End) throws {
    try carry(32 << 20, from: sender, client: sender, course.options)
  }

  @Test(arguments: [576, 1280, 9000], End.allCases)
  func `links of other sizes carry streams`(mtu: Int, sender: End) throws {
    for course in KernelLink.Course.allCases where course.family == .ipv4 || mtu >= 1280 {
      var options = course.options
      options.mtu = mtu
      try carry(3 << 20, from: sender, client: sender.other, options)
    }
  }

  @Test(arguments: KernelLink.Course.allCases)
  func `both ends send and receive at once`(course: KernelLink.Course) throws {
    try KernelLink.run(course.options) { link in
      let count = 4 << 20
      let pair = try await link.connect(from: .kernel)
      let sending = End.allCases.map { end in
        link.begin { try await pair[end].send(count, until: link.deadline) }
      }
      let receiving = End.allCases.map { end in
        link.begin { try await pair[end].receive(count, until: link.deadline) }
      }
      for job in sending { try await job.value() }
      for job in receiving { #expect(try await job.value() == count) }
      pair.close()
    }
  }

  @Test(arguments: KernelLink.Course.allCases, End.allCases)
  func `many small messages go to and fro`(course: KernelLink.Course, client: End) throws {
    try KernelLink.run(course.options) { link in
      let count = 2000
      let pair = try await link.connect(from: client)
      func size(_ number: Int) -> Int { 1 + number * 37 % 700 }
      let echo = link.begin {
        for number in 0..<count {
          guard
            try await pair[client.other].receive(size(number), at: number, until: link.deadline)
              == size(number)
          else { return number }
          try await pair[client.other].send(size(number), at: number + 7, until: link.deadline)
        }
        return count
      }
      for number in 0..<count {
        try await pair[client].send(size(number), at: number, until: link.deadline)
        let received = try await pair[client].receive(size(number), at: number + 7, until: link.deadline)
        try #require(received == size(number), "message \(number)")
      }
      #expect(try await echo.value() == count)
      pair.close()
    }
  }

  @Test(arguments: End.allCases)
  func `many small messages follow one another`(sender: End) throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: sender)
      let sending = link.begin {
        for number in 0..<5000 { try await pair[sender].send(100, at: 100 * number, until: link.deadline) }
        pair[sender].finish()
      }
      #expect(try await pair[sender.other].receive(500_001, until: link.deadline) == 500_000)
      try await sending.value()
      pair.close()
    }
  }

  @Test(arguments: End.allCases, End.allCases)
  func `who has finished still receives`(client: End, finisher: End) throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: client)
      try await pair[finisher].send(1000, until: link.deadline)
      pair[finisher].finish()
      #expect(try await pair[finisher.other].receive(1001, until: link.deadline) == 1000)
      let sending = link.begin {
        try await pair[finisher.other].send(2 << 20, until: link.deadline)
        pair[finisher.other].finish()
      }
      #expect(try await pair[finisher].receive(3 << 20, until: link.deadline) == 2 << 20)
      try await sending.value()
      pair.close()
    }
  }
}

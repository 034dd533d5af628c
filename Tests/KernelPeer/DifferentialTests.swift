import MachineTesting
import Testing

/// The same segments to our receiver and to the kernel's. After each of them both have acknowledged the same bytes,
/// name the same pieces beyond, and have given their programs the same.
///
/// What may differ: when an ACK that may wait is sent (each segment is followed by an old byte that every TCP answers);
/// the windows (no trace comes near their edges); which duplicate is named besides. And of the pieces beyond, the
/// kernel remembers the last four that it named apart from what it holds, so it may name less of a piece than has
/// arrived, or none of an older one, where we name the whole piece; but it counts FIN as a byte of the last one, which
/// we do not.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct DifferentialTests {
  @Test(arguments: 0..<4)
  func `our receiver says and delivers what the kernel's does`(part: UInt64) throws {
    for seed in part * 25..<(part + 1) * 25 {
      let trace = SegmentTrace(seed: seed)
      let own = try TraceSender(OwnTraceReceiver()).play(trace)
      var kernel: [Reaction] = []
      try TestNamespace.run { kernel = try TraceSender(KernelTraceReceiver()).play(trace) }
      #expect(
        own.last?.delivered == trace.streamByteCount && own.last?.acknowledged == trace.streamByteCount + 1)
      guard let index = own.indices.first(where: { !own[$0].covers(kernel[$0]) }) else { continue }
      Issue.record(
        """
        seed \(seed), step \(index) of \(trace.steps.count), after \(trace.steps[..<index].suffix(8)): to \
        \(trace.steps[index]) we say \(own[index]), the kernel \(kernel[index])
        """)
    }
  }
}

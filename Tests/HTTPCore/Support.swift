import Bytes
import HTTPCore
import Testing

/// A generator whose every number follows from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Everything a parser says about a head, in a form that can be compared and printed.
struct HeadSummary: Equatable {
  var line: [String] = []
  var fields: [String] = []
  var framing = Framing.none
  var keepAlive = true
  var expectsContinue = false
}

/// What came of an input, and after how many bytes it was known.
struct Outcome<Summary: Equatable>: Equatable {
  var progress: RequestParser.Progress
  var summary: Summary?
}

extension RequestHead {
  func summary(_ input: RawSpan) -> HeadSummary {
    HeadSummary(
      line: [
        "\(method)", input.string(methodName), "\(version)", input.string(target), input.string(path),
        query.map { "?" + input.string($0) } ?? "no query", input.string(host),
        isAbsoluteForm ? "absolute" : "", isAsterisk ? "asterisk" : "",
      ],
      fields: fields.map { "\(input.string($0.name)): \(input.string($0.value))" }, framing: framing,
      keepAlive: keepAlive, expectsContinue: expectsContinue)
  }
}

extension ResponseHead {
  func summary(_ input: RawSpan) -> HeadSummary {
    HeadSummary(
      line: ["\(status.code)", "\(version)", contentLength.map { "\($0)" } ?? "no length"],
      fields: fields.map { "\(input.string($0.name)): \(input.string($0.value))" }, framing: framing,
      keepAlive: keepAlive)
  }
}

/// Cuts `0..<count` into growing prefixes: every byte, the whole, and seeded random ones.
func prefixLengths(of count: Int) -> [[Int]] {
  var cuts = [[count], Array(0...count)]
  for seed in 1...8 as ClosedRange<UInt64> {
    var generator = SeededGenerator(seed: seed)
    var lengths: [Int] = []
    var length = 0
    while length < count {
      length = min(count, length + Int.random(in: 0...(seed < 5 ? 12 : 60), using: &generator))
      lengths.append(length)
    }
    cuts.append(lengths.isEmpty ? [0] : lengths)
  }
  return cuts
}

/// Feeds a request in one way; each call sees its bytes at another address. Returns the outcome and the length
/// of the prefix at which it was known.
func feed(
  _ bytes: [UInt8], in lengths: [Int], _ limits: HTTPLimits
) -> (Outcome<HeadSummary>, known: Int) {
  var parser = RequestParser(limits: limits)
  for length in lengths {
    let prefix = Array(bytes[..<length])
    let progress = parser.parse(prefix.span.bytes)
    if progress == .needMore { continue }
    let isComplete = if case .complete = progress { true } else { false }
    let summary = isComplete ? parser.head.summary(prefix.span.bytes) : nil
    #expect(parser.parse(prefix.span.bytes) == progress, "an outcome is repeated until reset")
    return (Outcome(progress: progress, summary: summary), length)
  }
  return (Outcome(progress: .needMore, summary: nil), bytes.count)
}

/// Feeds a request whole, byte by byte and at random splits, expects the same outcome each time, and returns it
/// with the number of bytes after which byte-by-byte feeding knew.
@discardableResult
func parse(
  _ bytes: [UInt8], limits: HTTPLimits = .init(), sourceLocation: SourceLocation = #_sourceLocation
) -> (outcome: Outcome<HeadSummary>, known: Int) {
  var first: Outcome<HeadSummary>?
  var known = 0
  for (index, lengths) in prefixLengths(of: bytes.count).enumerated() {
    let (outcome, length) = feed(bytes, in: lengths, limits)
    if index == 1 { known = length }
    if let first {
      #expect(outcome == first, "fed in pieces \(lengths)", sourceLocation: sourceLocation)
    } else {
      first = outcome
    }
  }
  return (first!, known)
}

@discardableResult
func parse(
  _ text: String, limits: HTTPLimits = .init(), sourceLocation: SourceLocation = #_sourceLocation
) -> (outcome: Outcome<HeadSummary>, known: Int) {
  parse(Array(text.utf8), limits: limits, sourceLocation: sourceLocation)
}

/// Expects that the request is taken, and returns what was read.
func accepted(
  _ text: String, limits: HTTPLimits = .init(), sourceLocation: SourceLocation = #_sourceLocation
) -> HeadSummary {
  let (outcome, _) = parse(text, limits: limits, sourceLocation: sourceLocation)
  guard case .complete(let count) = outcome.progress, let summary = outcome.summary else {
    Issue.record("\(outcome.progress) for \(text.debugDescription)", sourceLocation: sourceLocation)
    return HeadSummary()
  }
  #expect(count <= text.utf8.count, sourceLocation: sourceLocation)
  return summary
}

/// The marker that stands before the byte at which a sample has to be refused.
let marker = Array("‸".utf8)

/// Removes the marker, and tells where it stood.
func unmarked(_ text: String) -> (bytes: [UInt8], index: Int?) {
  let bytes = Array(text.utf8)
  guard bytes.count >= marker.count else { return (bytes, nil) }
  for index in 0...bytes.count - marker.count where bytes[index] == marker[0] {
    if Array(bytes[index..<index + marker.count]) == marker {
      return (Array(bytes[..<index] + bytes[(index + marker.count)...]), index)
    }
  }
  return (bytes, nil)
}

/// Expects that the request is refused for `reason` when the byte behind the `‸` in it arrives, not before and
/// not after.
func refused(
  _ text: String, _ reason: Refusal.Reason, limits: HTTPLimits = .init(),
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let (bytes, index) = unmarked(text)
  refused(bytes, at: index, reason, limits: limits, sourceLocation: sourceLocation)
}

func refused(
  _ bytes: [UInt8], at index: Int?, _ reason: Refusal.Reason, limits: HTTPLimits = .init(),
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let (outcome, known) = parse(bytes, limits: limits, sourceLocation: sourceLocation)
  let sample = String(decoding: bytes, as: UTF8.self).debugDescription
  #expect(outcome.progress == .refused(Refusal(reason)), "\(sample)", sourceLocation: sourceLocation)
  if let index { #expect(known == index + 1, "\(sample)", sourceLocation: sourceLocation) }
}

/// The bytes of everything written by `body`.
func written(_ body: (inout ByteBuffer) -> Void) -> String {
  var buffer = ByteBuffer()
  body(&buffer)
  return String(decoding: buffer.array(), as: UTF8.self)
}

import Bytes
import HTTPCore
import Testing

@Suite struct BodyDecoderTests {
  /// What came of a body: its content, whether it ended, what was left behind it, or why it was refused.
  struct Result: Equatable {
    var content = ""
    var isFinished = false
    var rest = 0
    var refusal: Refusal?
    var mayEndHere = false
  }

  private func decode(
    _ bytes: [UInt8], _ framing: Framing, _ limits: HTTPLimits, in lengths: [Int]
  ) -> (Result, known: Int) {
    var decoder = BodyDecoder(framing, limits: limits)
    var result = Result()
    var consumed = 0
    for length in lengths {
      while true {
        let input = Array(bytes[consumed..<length])
        switch decoder.step(input.span.bytes) {
        case .needMore: break
        case .payload(let range):
          #expect(!range.isEmpty && range.upperBound <= input.count)
          result.content += String(decoding: input[range], as: UTF8.self)
          consumed += range.upperBound
          continue
        case .finished(let count):
          consumed += count
          result.isFinished = true
          result.rest = bytes.count - consumed
          result.mayEndHere = decoder.mayEndHere
          #expect(decoder.isFinished)
          #expect(decoder.step([UInt8]().span.bytes) == .finished(consumed: 0))
          return (result, length)
        case .refused(let refusal):
          result.refusal = refusal
          #expect(decoder.step(input.span.bytes) == .refused(refusal), "a refusal is repeated")
          // How much content came before depends on the pieces when a chunk is cut off by a limit.
          return (result, length)
        }
        break
      }
    }
    result.mayEndHere = decoder.mayEndHere
    return (result, bytes.count)
  }

  private func decode(
    _ bytes: [UInt8], _ framing: Framing = .chunked, limits: HTTPLimits = .init(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> (Result, known: Int) {
    var first: Result?
    var known = 0
    for (index, lengths) in prefixLengths(of: bytes.count).enumerated() {
      let (result, length) = decode(bytes, framing, limits, in: lengths)
      if index == 1 { known = length }
      if let first {
        #expect(result == first, "\(lengths)", sourceLocation: sourceLocation)
      } else {
        first = result
      }
    }
    return (first!, known)
  }

  private func finished(
    _ text: String, _ framing: Framing = .chunked, limits: HTTPLimits = .init(), content: String,
    rest: Int = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (result, _) = decode(Array(text.utf8), framing, limits: limits, sourceLocation: sourceLocation)
    #expect(
      result == Result(content: content, isFinished: true, rest: rest, mayEndHere: true),
      "\(text.debugDescription)", sourceLocation: sourceLocation)
  }

  private func refused(
    _ text: String, _ reason: Refusal.Reason, limits: HTTPLimits = .init(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (bytes, index) = unmarked(text)
    let (result, known) = decode(bytes, limits: limits, sourceLocation: sourceLocation)
    #expect(result.refusal == Refusal(reason), "\(text.debugDescription)", sourceLocation: sourceLocation)
    if let index { #expect(known == index + 1, "\(text.debugDescription)", sourceLocation: sourceLocation) }
  }

  @Test func `no content is finished at once`() {
    finished("GET", .none, content: "", rest: 3)
    finished("GET", .length(0), content: "", rest: 3)
    finished("", .none, content: "")
  }

  @Test func `a length takes so many bytes and leaves the rest`() {
    finished("hello", .length(5), content: "hello")
    finished("helloGET", .length(5), content: "hello", rest: 3)
    let (result, _) = decode(Array("hell".utf8), .length(5))
    #expect(result == Result(content: "hell"))
  }

  @Test func `content until close takes everything and may end anywhere`() {
    let (result, _) = decode(Array("hello".utf8), .untilClose)
    #expect(result == Result(content: "hello", mayEndHere: true))
  }

  @Test func `chunks are put together`() {
    finished("0\r\n\r\n", content: "")
    finished("5\r\nhello\r\n0\r\n\r\n", content: "hello")
    finished("5\r\nhello\r\n6\r\n world\r\n000\r\n\r\nGET", content: "hello world", rest: 3)
    finished("A\r\n0123456789\r\n0a\r\n0123456789\r\n0\r\n\r\n", content: "01234567890123456789")
    finished("2\r\n\r\n\r\n0\r\n\r\n", content: "\r\n")
  }

  @Test func `trailers are read and dropped`() {
    finished("1\r\nx\r\n0\r\nA: b\r\nContent-Length: 5\r\nHost: :::\r\n\r\nGET", content: "x", rest: 3)
    refused("0\r\nA‸ : b\r\n\r\n", .malformedFieldName)
    refused("0\r\nA: b\r\n‸ c\r\n\r\n", .foldedLine)
    refused("0\r\nA: b‸\n\r\n", .malformedLineEnd)
    refused("0\r\nA: b\r\n\r‸X", .malformedLineEnd)
    refused("0\r\n‸\n", .malformedLineEnd)
    refused("0\r\nA: b‸\0\r\n\r\n", .malformedFieldValue)
  }

  @Test func `a malformed chunk size is refused at its first wrong byte`() {
    for text in [
      "‸\r\n", "‸ 5\r\nhello", "5‸ \r\nhello", "5‸\t\r\nhello", "‸g\r\n", "0‸x5\r\nhello", "‸-1\r\n",
      "‸+5\r\nhello", "5‸\nhello",
      "5\r‸hello", "5\r‸\r\n", "‸\n", "5‸,\r\n", "‸\"5\"\r\n", "5\r\nhello\r\n‸\r\n", "5‸_\r\n", "‸\0\r\n",
      "5‸.0\r\n",
    ] {
      refused(text, .malformedChunkSize)
    }
  }

  @Test func `a chunk extension is refused at its semicolon`() {
    refused("5‸;a=b\r\nhello\r\n0\r\n\r\n", .chunkExtension)
    refused("5‸;\r\nhello\r\n0\r\n\r\n", .chunkExtension)
    refused("0‸;\n\r\n", .chunkExtension)
    refused("‸;a\r\n", .malformedChunkSize)
  }

  @Test func `a chunk ends in CRLF`() {
    refused("5\r\nhello‸0\r\n\r\n", .malformedChunkEnd)
    refused("5\r\nhello‸\n0\r\n\r\n", .malformedChunkEnd)
    refused("5\r\nhello\r‸0\r\n\r\n", .malformedChunkEnd)
    refused("5\r\nhello\r‸\r0\r\n\r\n", .malformedChunkEnd)
  }

  @Test func `a chunk size has at most 16 digits and 63 bits`() {
    finished("0000000000000001\r\nx\r\n0\r\n\r\n", content: "x")
    refused("0000000000000001‸1\r\nx", .malformedChunkSize)
    refused("800000000000000‸0\r\n", .contentTooLarge)
    refused("fffffffffffffff‸f\r\n", .contentTooLarge)
    let (result, _) = decode(Array("7fffffffffffffff\r\nx".utf8))
    #expect(result == Result(content: "x"))
  }

  @Test func `content at the limit is passed on and one byte more is 413 before it is`() {
    var limits = HTTPLimits()
    limits.maximumBodyByteCount = 16
    finished("0123456789abcdef", .length(16), limits: limits, content: "0123456789abcdef")
    let (tooLong, _) = decode(Array("x".utf8), .length(17), limits: limits)
    #expect(tooLong == Result(refusal: Refusal(.contentTooLarge)))
    finished("10\r\n0123456789abcdef\r\n0\r\n\r\n", limits: limits, content: "0123456789abcdef")
    refused("1‸1\r\n0123456789abcdef", .contentTooLarge, limits: limits)
    finished("8\r\n01234567\r\n8\r\n89abcdef\r\n0\r\n\r\n", limits: limits, content: "0123456789abcdef")
    refused("8\r\n01234567\r\n‸9\r\n89abcdef", .contentTooLarge, limits: limits)
    refused("10\r\n0123456789abcdef\r\n‸1\r\n", .contentTooLarge, limits: limits)
    var decoder = BodyDecoder(.untilClose, limits: limits)
    #expect(decoder.step([UInt8](repeating: 1, count: 16).span.bytes) == .payload(0..<16))
    #expect(decoder.step([UInt8](repeating: 1, count: 1).span.bytes) == .refused(Refusal(.contentTooLarge)))
  }

  @Test func `the trailer limits are reached exactly`() {
    let limits = HTTPLimits()
    #expect(limits.maximumTrailerByteCount == 8192 && limits.maximumTrailerFieldCount == 32)
    let value = String(repeating: "v", count: 8192 - 5)
    finished("0\r\nA: \(value)\r\n\r\n", content: "")
    refused("0\r\nA: \(value)v\r‸\n\r\n", .trailerTooLarge)
    let lines = String(repeating: "A: b\r\n", count: 32)
    finished("0\r\n\(lines)\r\n", content: "")
    refused("0\r\n\(lines)‸A: b\r\n\r\n", .trailerTooLarge)
  }
}

import JSON
import Testing

@Suite struct NumberTests {
  @Test(arguments: [
    ("0", 0), ("-0", 0), ("1", 1), ("-1", -1), ("10", 10), ("9223372036854775807", Int64.max),
    ("-9223372036854775808", Int64.min), ("1234567890123456789", 1_234_567_890_123_456_789),
  ])
  func `integers are exact`(_ text: String, _ value: Int64) throws {
    #expect(try JSON.parse(text) == .integer(value))
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999",
    "92233720368547758070", "1000000000000000000000000000000",
  ])
  func `an integer beyond 64 bits is an error, not a Double`(_ text: String) {
    expectRefused("[\(text)]", .integerOutOfRange, at: 1)
  }

  @Test(arguments: [
    ("0.0", 0.0), ("-0.0", -0.0), ("1.0", 1), ("0.1", 0.1), ("1e0", 1), ("1E+2", 100), ("1e-2", 0.01),
    ("-1.25e2", -125), ("0e5", 0), ("0.1e01", 1), ("1.7976931348623157e308", Double.greatestFiniteMagnitude),
    ("5e-324", Double.leastNonzeroMagnitude), ("2.2250738585072014e-308", Double.leastNormalMagnitude),
    ("1e-400", 0),
    ("9007199254740993.0", 9_007_199_254_740_992), ("1e22", 1e22),
    ("123456789012345678901.0", 1.2345678901234568e20),
  ])
  func `other numbers are the nearest Double`(_ text: String, _ value: Double) throws {
    guard case .number(let read) = try JSON.parse(text) else {
      Issue.record("not a Double")
      return
    }
    #expect(read.bitPattern == value.bitPattern)
  }

  @Test(arguments: ["1e309", "-1e309", "1.8e308", "1e99999", "123.0e4000"])
  func `a number beyond every Double is refused`(_ text: String) {
    expectRefused(" \(text)", .numberOutOfRange, at: 1)
  }

  @Test(arguments: [
    ("9223372036854775808", 0x1p63), ("-9223372036854775809", -0x1p63), ("99999999999999999999", 1e20),
    ("1e309", Double.greatestFiniteMagnitude), ("-1e309", -Double.greatestFiniteMagnitude),
    ("1" + String(repeating: "0", count: 400), Double.greatestFiniteMagnitude),
  ])
  func `whoever asks for it reads a huge number as the nearest finite Double`(
    _ text: String, _ value: Double
  ) throws {
    let limits = JSONLimits(readsHugeNumbers: true)
    #expect(try JSON.parse(Array(text.utf8), limits: limits) == .number(value))
    #expect(try JSON.parse(Array("9223372036854775807".utf8), limits: limits) == .integer(.max))
  }

  @Test(arguments: [
    ("-", JSONError.Reason.unexpectedEnd, 1), ("-a", .malformedNumber, 1), ("01", .malformedNumber, 1),
    ("-01", .malformedNumber, 2), ("00", .malformedNumber, 1), ("1.", .unexpectedEnd, 2),
    ("1.a", .malformedNumber, 2), ("1.e1", .malformedNumber, 2), (".5", .expectedValue, 0),
    ("-.5", .malformedNumber, 1), ("+1", .expectedValue, 0), ("1e", .unexpectedEnd, 2),
    ("1e+", .unexpectedEnd, 3), ("1e+-1", .malformedNumber, 3), ("1ee1", .malformedNumber, 2),
    ("1e1.5", .expectedEnd, 3), ("0x10", .expectedEnd, 1), ("1_000", .expectedEnd, 1),
    ("1.2.3", .expectedEnd, 3),
    ("--1", .malformedNumber, 1), ("1a", .expectedEnd, 1), ("-Infinity", .malformedNumber, 1),
    ("\u{661}", .expectedValue, 0), ("1 000", .expectedEnd, 2), ("0e", .unexpectedEnd, 2),
  ])
  func `what RFC 8259 section 6 does not write is refused`(
    _ text: String, _ reason: JSONError.Reason, _ offset: Int
  ) {
    expectRefused(text, reason, at: offset)
  }
}

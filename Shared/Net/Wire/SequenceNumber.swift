import Bytes

// RFC 9293 §3.4 before changing this file.

/// A place in a TCP stream, modulo 2^32.
///
/// Comparison is modular and so not transitive: it is right for numbers less than 2^31 apart, which is why
/// there is no `Comparable`.
public struct SequenceNumber: Hashable, Sendable, CustomStringConvertible {
  /// The number on the wire.
  public let rawValue: UInt32

  /// A place from its number.
  @inline(__always)
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// The place `count` bytes behind `place`; before it when negative.
  @inline(__always)
  public static func + (place: SequenceNumber, count: Int) -> SequenceNumber {
    SequenceNumber(place.rawValue &+ UInt32(truncatingIfNeeded: count))
  }

  /// Moves `count` bytes on.
  @inline(__always)
  public static func += (place: inout SequenceNumber, count: Int) { place = place + count }

  /// The place `count` bytes before `place`.
  @inline(__always)
  public static func - (place: SequenceNumber, count: Int) -> SequenceNumber {
    SequenceNumber(place.rawValue &- UInt32(truncatingIfNeeded: count))
  }

  /// Bytes from `other` to `place`: negative when `place` stands before it. -2^31 ... 2^31 - 1.
  @inline(__always)
  public static func - (place: SequenceNumber, other: SequenceNumber) -> Int {
    Int(Int32(truncatingIfNeeded: place.rawValue &- other.rawValue))
  }

  /// Whether `a` stands before `b`.
  @inline(__always)
  public static func < (a: SequenceNumber, b: SequenceNumber) -> Bool { a - b < 0 }
  /// Whether `a` does not stand behind `b`.
  @inline(__always)
  public static func <= (a: SequenceNumber, b: SequenceNumber) -> Bool { a == b || a - b < 0 }
  /// Whether `a` stands behind `b`.
  @inline(__always)
  public static func > (a: SequenceNumber, b: SequenceNumber) -> Bool { b < a }
  /// Whether `a` does not stand before `b`.
  @inline(__always)
  public static func >= (a: SequenceNumber, b: SequenceNumber) -> Bool { b <= a }

  /// Whether it is one of the `count` places from `start` on.
  @inline(__always)
  public func isIn(windowFrom start: SequenceNumber, count: Int) -> Bool {
    Int(rawValue &- start.rawValue) < count
  }

  /// The number.
  public var description: String { "\(rawValue)" }
}

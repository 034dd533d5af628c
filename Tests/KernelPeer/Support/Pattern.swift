import Bytes
import Glibc
import NetworkSimulation
import Platform

/// Bytes that say where they belong: the byte at any offset of a stream, so that what is lost, doubled or exchanged is
/// found.
enum Pattern {
  /// A prime, so that no power of two hides a shift.
  static let period = 65_521
  /// The most that is moved at once.
  static let pieceByteCount = 48 << 10

  /// One period, and its beginning again: any piece lies in it whole.
  private static let bytes: [UInt8] = {
    var random = SplitMix64(seed: 2026)
    let bytes = (0..<period).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return bytes + bytes
  }()

  /// The piece of the stream that begins at `offset`.
  static func piece(at offset: Int, _ count: Int) -> ArraySlice<UInt8> {
    bytes[offset % period..<offset % period + min(count, pieceByteCount)]
  }

  /// Whether `other` is what stands at `offset`.
  static func matches(_ other: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    var done = 0
    while done < other.count {
      let count = min(pieceByteCount, other.count - done)
      let isEqual = bytes.withUnsafeBytes {
        memcmp($0.baseAddress! + (offset + done) % period, other.baseAddress! + done, count) == 0
      }
      guard isEqual else { return false }
      done += count
    }
    return true
  }
}

/// What a test does with a stream of either end.
extension ByteStream {
  /// Sends the bytes of the pattern from `offset` on.
  func send(_ count: Int, at offset: Int = 0, until deadline: Instant) async throws(NetworkError) {
    var done = 0
    while done < count {
      let piece = Pattern.piece(at: offset + done, count - done)
      let taken = try send(piece.span.bytes)
      done += taken
      if taken == 0 { try await waitWritable(until: deadline) }
    }
  }

  /// Receives `count` bytes, which must be the pattern's from `offset` on. Returns how many were before the peer
  /// finished, or before the first that was wrong.
  func receive(_ count: Int, at offset: Int = 0, until deadline: Instant) async throws(NetworkError) -> Int {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { room.deallocate() }
    var done = 0
    while done < count {
      let part = UnsafeMutableRawBufferPointer(rebasing: room[..<min(room.count, count - done)])
      var output = OutputRawSpan(buffer: part, initializedCount: 0)
      switch try receive(into: &output) {
      case .bytes(let taken):
        guard Pattern.matches(UnsafeRawBufferPointer(rebasing: part[..<taken]), at: offset + done) else {
          return done
        }
        done += taken
      case .nothingYet: try await waitReadable(until: deadline)
      case .end: return done
      }
    }
    return done
  }

  /// Whether the peer finishes and nothing comes before that.
  func isAtEnd(until deadline: Instant) async throws(NetworkError) -> Bool {
    try await receive(1, until: deadline) == 0
  }

  /// Why receiving fails; nil when the peer finishes instead, or sends.
  func failure(until deadline: Instant) async -> NetworkError? {
    do throws(NetworkError) {
      _ = try await receive(1, until: deadline)
      return nil
    } catch {
      return error
    }
  }
}

extension ByteStream {
  /// Sends back what comes, `unit` bytes or more at a time, until the peer finishes.
  func echo(_ unit: Int, until deadline: Instant) async throws(NetworkError) {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 10, alignment: 16)
    defer { room.deallocate() }
    var held = 0
    while true {
      var output = OutputRawSpan(
        buffer: UnsafeMutableRawBufferPointer(rebasing: room[held...]), initializedCount: 0)
      switch try receive(into: &output) {
      case .bytes(let count): held += count
      case .nothingYet: try await waitReadable(until: deadline)
      case .end: return
      }
      guard held >= unit else { continue }
      var sent = 0
      while sent < held {
        let count = try send(UnsafeRawBufferPointer(rebasing: room[sent..<held]).bytes)
        if count == 0 { try await waitWritable(until: deadline) }
        sent += count
      }
      held = 0
    }
  }
}

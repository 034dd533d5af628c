import Bytes
import HTTP

/// A body of fixed pieces.
final class Pieces: BodySource {
  private var pieces: [String]
  private let fails: Bool

  init(_ pieces: [String], fails: Bool = false) {
    self.pieces = pieces
    self.fails = fails
  }

  func next(into buffer: inout ByteBuffer) async -> BodyProgress {
    await Task.yield()
    guard !pieces.isEmpty else { return fails ? .failed : .end }
    buffer.append(utf8: pieces.removeFirst())
    return .more
  }

  func cancel() {}
}

/// Many large pieces; counts how many were asked for.
final class Endless: BodySource {
  let pieces: Int
  var made = 0

  init(pieces: Int) { self.pieces = pieces }

  func next(into buffer: inout ByteBuffer) async -> BodyProgress {
    guard made < pieces else { return .end }
    made += 1
    buffer.append([UInt8](repeating: UInt8(ascii: "x"), count: 65_536))
    return .more
  }

  func cancel() {}
}

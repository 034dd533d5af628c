// QEMU's net/stream.c and net/net.c (net_fill_rstate) before changing this file.
import Bytes
import Platform

/// Ethernet frames as QEMU's `stream` network backend writes them: four bytes of length, highest first, and the frame.
enum FrameStream {
  /// Bytes before each frame.
  static let prefixByteCount = 4
  /// Of the longest frame that QEMU takes or makes (NET_BUFSIZE).
  static let maximumFrameByteCount = 4096 + 65_536
}

/// A stream that is no longer one of frames: it can only be ended.
enum FrameStreamError: Error, Equatable {
  case tooLong(byteCount: Int)
}

/// Bytes of a stream, on their way to becoming frames.
struct FrameReader: ~Copyable {
  /// Taken from the stream at once.
  static let chunkByteCount = 65_536

  private var buffer = ByteBuffer()

  /// Takes what has arrived, up to a chunk. Never waits.
  mutating func receive(from stream: any ByteStream) throws(NetworkError) -> Received {
    try buffer.withFreeRoom(atLeast: Self.chunkByteCount) { (room) throws(NetworkError) in
      try stream.receive(into: &room)
    }
  }

  /// Hands every whole frame to `body`, in order. Frames of no bytes, which QEMU never makes, are passed over.
  mutating func takeFrames(_ body: (RawSpan) -> Void) throws(FrameStreamError) {
    var offset = 0
    defer { buffer.consume(offset) }
    while buffer.count - offset >= FrameStream.prefixByteCount {
      let byteCount = Int(buffer.bytes.bigEndian32(at: offset))
      guard byteCount <= FrameStream.maximumFrameByteCount else { throw .tooLong(byteCount: byteCount) }
      let start = offset + FrameStream.prefixByteCount
      guard buffer.count - start >= byteCount else { return }
      if byteCount > 0 { body(buffer.bytes.extracting(start..<start + byteCount)) }
      offset = start + byteCount
    }
  }
}

/// Frames that wait to go out of a port, each behind its length, with a bound on their bytes.
struct FrameQueue: ~Copyable {
  private var buffer = ByteBuffer()
  /// Bytes of the first frame, length included, that are on their way.
  private var sentByteCount = 0

  /// Bytes that wait, lengths included.
  var byteCount: Int { buffer.count }
  var isEmpty: Bool { buffer.isEmpty }

  /// Appends a copy of `frame`, unless more than `limit` bytes would wait then. Says whether it did.
  mutating func append(_ frame: RawSpan, limit: Int) -> Bool {
    let byteCount = FrameStream.prefixByteCount + frame.byteCount
    guard buffer.count + byteCount <= limit else { return false }
    buffer.withFreeRoom(atLeast: byteCount) { room in
      room.append(bigEndian: UInt32(frame.byteCount))
      room.append(contentsOf: frame)
    }
    return true
  }

  /// Hands over as much as `stream` takes. Says whether anything is left.
  mutating func send(to stream: any ByteStream) throws(NetworkError) -> Bool {
    while !buffer.isEmpty {
      let count = try stream.send(buffer.bytes.extracting(sentByteCount..<buffer.count))
      if count == 0 { return true }
      sentByteCount += count
      var whole = 0
      while let next = frameEnd(after: whole), next <= sentByteCount { whole = next }
      buffer.consume(whole)
      sentByteCount -= whole
    }
    return false
  }

  /// Another stream takes the place of the last one: a frame that was cut off there starts anew.
  mutating func startOver() { sentByteCount = 0 }

  /// Lends the first frame to `body` and removes it. False when there is none.
  mutating func takeFirst(_ body: (RawSpan) -> Void) -> Bool {
    guard let end = frameEnd(after: 0) else { return false }
    body(buffer.bytes.extracting(FrameStream.prefixByteCount..<end))
    buffer.consume(end)
    return true
  }

  private func frameEnd(after offset: Int) -> Int? {
    guard buffer.count - offset >= FrameStream.prefixByteCount else { return nil }
    return offset + FrameStream.prefixByteCount + Int(buffer.bytes.bigEndian32(at: offset))
  }
}

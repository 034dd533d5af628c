import Bytes
import Platform
import Testing

@testable import SoukKit

/// A stream from memory: what `arrives` comes in pieces of `piece` bytes, and as much is taken as `room` says.
private final class ScriptedStream: ByteStream {
  let peer = Endpoint(.any, port: 0)
  var arrives: [UInt8] = []
  var piece = Int.max
  var room = Int.max
  private(set) var sent: [UInt8] = []

  func receive(into room: inout OutputRawSpan) throws(NetworkError) -> Received {
    let count = min(arrives.count, piece, room.freeCapacity)
    for byte in arrives.prefix(count) { room.append(byte) }
    arrives.removeFirst(count)
    return count == 0 ? .nothingYet : .bytes(count)
  }

  func send(_ bytes: RawSpan) throws(NetworkError) -> Int {
    let count = min(room, bytes.byteCount)
    for offset in 0..<count { sent.append(bytes.byte(at: offset)) }
    room -= count
    return count
  }

  func waitReadable(until deadline: Instant) async throws(NetworkError) {}
  func waitWritable(until deadline: Instant) async throws(NetworkError) {}
  func finish() {}
  func close() {}
}

private func copy(_ bytes: RawSpan) -> [UInt8] { (0..<bytes.byteCount).map { bytes.byte(at: $0) } }

@Suite struct FrameQueueTests {
  private let frames: [[UInt8]] = [Array(1...60), [9], Array(repeating: 7, count: 1514)]

  private func wire(_ frames: [[UInt8]]) -> [UInt8] {
    frames.flatMap { [0, 0, UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
  }

  @Test func `frames come out whole, however the stream is cut`() throws {
    for piece in [1, 3, 5, 64, 1000, 10_000] {
      let stream = ScriptedStream()
      stream.arrives = wire(frames)
      stream.piece = piece
      var reader = FrameReader()
      var seen: [[UInt8]] = []
      while try reader.receive(from: stream) != .nothingYet {
        try reader.takeFrames { seen.append(copy($0)) }
      }
      #expect(seen == frames)
    }
  }

  @Test func `a length beyond QEMU's own bound ends the stream, after the frames before it`() throws {
    let stream = ScriptedStream()
    let byteCount = FrameStream.maximumFrameByteCount + 1
    stream.arrives =
      wire([[1, 2]]) + [0, UInt8(byteCount >> 16), UInt8(byteCount >> 8 & 255), UInt8(byteCount & 255)]
    var reader = FrameReader()
    _ = try reader.receive(from: stream)
    var seen: [[UInt8]] = []
    var error: FrameStreamError?
    do throws(FrameStreamError) { try reader.takeFrames { seen.append(copy($0)) } } catch let thrown {
      error = thrown
    }
    #expect(seen == [[1, 2]])
    #expect(error == .tooLong(byteCount: byteCount))
  }

  @Test func `a frame of no bytes is passed over`() throws {
    let stream = ScriptedStream()
    stream.arrives = [0, 0, 0, 0] + wire([[5]])
    var reader = FrameReader()
    _ = try reader.receive(from: stream)
    var seen: [[UInt8]] = []
    try reader.takeFrames { seen.append(copy($0)) }
    #expect(seen == [[5]])
  }

  @Test func `what is queued leaves in order, in as many calls as it takes`() throws {
    var queue = FrameQueue()
    for frame in frames { _ = queue.append(frame.span.bytes, limit: 10_000) }
    let stream = ScriptedStream()
    stream.room = 0
    var isLeft = true
    while isLeft {
      stream.room = 7
      isLeft = try queue.send(to: stream)
    }
    #expect(stream.sent == wire(frames))
    let byteCount = queue.byteCount
    #expect(byteCount == 0)
  }

  @Test func `a frame cut off with its stream is sent whole on the next one`() throws {
    var queue = FrameQueue()
    for frame in frames { _ = queue.append(frame.span.bytes, limit: 10_000) }
    let first = ScriptedStream()
    first.room = 66
    let isCutOff = try queue.send(to: first)
    #expect(isCutOff)
    queue.startOver()
    let second = ScriptedStream()
    let isLeft = try queue.send(to: second)
    #expect(!isLeft)
    #expect(second.sent == wire(Array(frames.dropFirst())))
  }

  @Test func `a full queue refuses a frame and keeps the others`() {
    var queue = FrameQueue()
    let taken = [[1, 2, 3], [1, 2, 3, 4], [4, 5, 6]].map { (frame: [UInt8]) in
      queue.append(frame.span.bytes, limit: 14)
    }
    #expect(taken == [true, false, true])
    var seen: [[UInt8]] = []
    while queue.takeFirst({ seen.append(copy($0)) }) {}
    #expect(seen == [[1, 2, 3], [4, 5, 6]])
  }
}

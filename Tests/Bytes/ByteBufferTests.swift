import Bytes
import Testing

struct ByteBufferTests {
  @Test func `what goes in comes out in order, however it is split`() {
    var buffer = ByteBuffer()
    var expected: [UInt8] = []
    var taken: [UInt8] = []
    for round in 0..<500 {
      let piece = (0..<(round * 7 % 61)).map { UInt8(truncatingIfNeeded: $0 &* round) }
      buffer.append(piece)
      expected += piece
      let count = min(buffer.count, round * 5 % 43)
      taken += buffer.array(count: count)
      buffer.consume(count)
    }
    taken += buffer.array()
    #expect(taken == expected)
  }

  @Test func `a buffer that is emptied again and again does not grow`() {
    var buffer = ByteBuffer(capacity: 256)
    for _ in 0..<1000 {
      buffer.append([UInt8](repeating: 1, count: 200))
      buffer.consume(200)
    }
    #expect(buffer.capacity == 256)
  }

  @Test func `a queue that never runs empty stays within twice its longest length`() {
    var buffer = ByteBuffer()
    for _ in 0..<10_000 {
      while buffer.count < 300 { buffer.append([UInt8](repeating: 1, count: 30)) }
      buffer.consume(29)
    }
    #expect(buffer.capacity <= 1024)
  }

  @Test func `numbers are written in full`() {
    var buffer = ByteBuffer()
    for number in [0, 7, 10, 99, 100, -1, Int.max, Int.min] {
      buffer.append(decimal: number)
      buffer.append(UInt8(ascii: " "))
    }
    #expect(
      String(decoding: buffer.array(), as: UTF8.self)
        == "0 7 10 99 100 -1 9223372036854775807 -9223372036854775808 ")
  }

  @Test func `lent room counts what was written, also when the writer throws`() {
    struct Stop: Error {}
    var buffer = ByteBuffer()
    #expect(throws: Stop.self) {
      try buffer.withFreeRoom(atLeast: 10) { (room) throws(Stop) in
        room.append(1, as: UInt8.self)
        throw Stop()
      }
    }
    #expect(buffer.array() == [1])
  }

  @Test func `a length can be written after what it measures`() {
    var buffer = ByteBuffer()
    buffer.append("0000 rest")
    buffer.consume(1)
    buffer.overwrite(at: 0, with: ([49, 50, 51] as [UInt8]).span.bytes)
    #expect(String(decoding: buffer.array(), as: UTF8.self) == "123 rest")
  }
}

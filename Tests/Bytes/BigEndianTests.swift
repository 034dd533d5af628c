import Bytes
import Testing

@Suite struct BigEndianTests {
  @Test func `numbers are read from odd places, the highest byte first`() {
    let bytes: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    let numbers = (
      bytes.span.bytes.byte(at: 8), bytes.span.bytes.bigEndian16(at: 1), bytes.span.bytes.bigEndian32(at: 1),
      bytes.span.bytes.bigEndian64(at: 1)
    )
    #expect(numbers.0 == 8)
    #expect(numbers.1 == 0x0102)
    #expect(numbers.2 == 0x0102_0304)
    #expect(numbers.3 == 0x0102_0304_0506_0708)
  }

  @Test func `what is written is read back, and can be overwritten`() {
    var buffer = ByteBuffer()
    let tail: [UInt8] = Array(1...19)
    buffer.withFreeRoom(atLeast: 64) { room in
      room.append(9)
      room.append(bigEndian: UInt16(0x0102))
      room.append(bigEndian: UInt32(0x0304_0506))
      room.append(bigEndian: UInt64(0x0708_090a_0b0c_0d0e))
      room.append(zeros: 2)
      room.append(contentsOf: tail.span.bytes)
      room.overwrite(at: 15, bigEndian: 0xaabb)
    }
    #expect(buffer.array() == [9] + Array(1...14) + [0xaa, 0xbb] + tail)
  }
}

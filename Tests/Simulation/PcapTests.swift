import Glibc
import NetworkSimulation
import Platform
import Testing

@Suite struct PcapTests {
  private func number(_ bytes: [UInt8], _ offset: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }

  /// The first byte of every record's frame.
  private func firstBytes(_ file: [UInt8]) -> [UInt8] {
    var offset = 24
    var found: [UInt8] = []
    while offset < file.count {
      found.append(file[offset + 16])
      offset += 16 + number(file, offset + 8)
    }
    return found
  }

  @Test func `the file is a classic pcap of Ethernet with nanoseconds`() {
    let link = Link()
    let capture = PcapWriter()
    link.wire.capture = capture
    let frame = Segment(1, ack: 1, content(10)).frame()
    link.send(frame)
    let file = capture.file
    #expect(file[0..<4] == [0x4d, 0x3c, 0xb2, 0xa1] && file[4..<8] == [2, 0, 4, 0])
    #expect(number(file, 20) == 1)
    #expect(number(file, 24) == 1 && number(file, 28) == 0)
    #expect(number(file, 32) == frame.count && number(file, 36) == frame.count)
    #expect(Array(file[40...]) == frame)
  }

  @Test func `a long run keeps its beginning and its end`() {
    let capture = PcapWriter(byteLimit: 4_096, snapByteCount: 84)
    for index in 0..<200 {
      let frame = [UInt8](repeating: UInt8(index), count: 100)
      frame.withUnsafeBytes { capture.record($0, at: Instant(nanoseconds: UInt64(index))) }
    }
    let kept = firstBytes(capture.file)
    #expect(Array(kept.prefix(10)) == Array(0..<10))
    #expect(Array(kept.suffix(15)) == Array(185..<200))
    #expect(kept.count + capture.omittedFrameCount == 200 && capture.file.count <= 24 + 4_096)
  }

  @Test func `it is written to a file`() throws {
    let capture = PcapWriter()
    let path = "/tmp/souk-pcap-test-\(getpid()).pcap"
    #expect(capture.write(to: path))
    defer { unlink(path) }
    let file = try #require(fopen(path, "rb"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 100)
    #expect(fread(&bytes, 1, 100, file) == 24)
    #expect(!capture.write(to: "/nowhere/at.all"))
  }
}

/// A capture that was written, removed once it is read.
struct PcapFile {
  private(set) var frameCount = 0

  init?(_ path: String) {
    guard let file = fopen(path, "rb") else { return nil }
    defer {
      fclose(file)
      unlink(path)
    }
    guard fseek(file, 24, SEEK_SET) == 0 else { return nil }
    var header = [UInt32](repeating: 0, count: 4)
    while fread(&header, 4, 4, file) == 4 {
      guard fseek(file, Int(UInt32(littleEndian: header[2])), SEEK_CUR) == 0 else { return nil }
      frameCount += 1
    }
  }
}

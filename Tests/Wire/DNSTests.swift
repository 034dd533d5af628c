import Bytes
import Testing
import Wire

@Suite struct DNSTests {
  private let capture = Capture("dns")

  private func refused(_ bytes: [UInt8]) -> WireError? {
    refusal { () throws(WireError) in _ = try DNSMessage(validating: bytes.span.bytes) }
  }

  /// A message with one question, whose name is given as bytes of the message from offset 12 on.
  private func question(_ name: [UInt8]) -> [UInt8] {
    [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name + [0, 1, 0, 1]
  }

  /// The name of the only question.
  private func text(_ bytes: [UInt8]) throws -> String? {
    let message = try DNSMessage(validating: bytes.span.bytes)
    var questions = message.questions
    guard let question = questions.next() else { return nil }
    return question.name.text
  }

  /// What the answers say, a line each.
  private func answers(_ bytes: [UInt8]) throws -> [String] {
    let message = try DNSMessage(validating: bytes.span.bytes)
    var lines: [String] = []
    var answers = message.answers
    while let record = answers.next() {
      var line = "\(record.name.text) \(record.timeToLiveSeconds)"
      if let address = record.ipv4Address { line += " A \(address)" }
      if let address = record.ipv6Address {
        line += " AAAA \(String(address.high, radix: 16)) \(String(address.low, radix: 16))"
      }
      if let name = record.canonicalName { line += " CNAME \(name.text)" }
      lines.append(line)
    }
    return lines
  }

  @Test func `queries are read, and written again as they came`() throws {
    for (index, name, type) in [
      (0, "www.example.com", DNSType.a), (2, "www.example.com", .aaaa),
      (4, "missing.example.com", .a),
    ] {
      let bytes = capture.udpPayload(index)
      #expect(try text(bytes) == name)
      let id = bytes.span.bytes.bigEndian16(at: 0)
      let again = try written { (output) throws(WireError) in
        try DNSWriter.query(id: id, name, type, into: &output)
      }
      #expect(again == bytes)
    }
  }

  @Test func `compressed answers are followed to their end`() throws {
    #expect(
      try answers(capture.udpPayload(1)) == [
        "www.example.com 300 CNAME shop.example.net", "shop.example.net 60 A 192.0.2.7",
        "shop.example.net 60 A 192.0.2.8",
      ])
    #expect(try answers(capture.udpPayload(3)) == ["www.example.com 60 AAAA 20010db800000000 7"])
  }

  @Test func `a name that does not exist is said so`() throws {
    let bytes = capture.udpPayload(5)
    let message = try DNSMessage(validating: bytes.span.bytes)
    let found = (message.isResponse, message.responseCode, message.answerCount, message.recursionAvailable)
    #expect(found == (true, .nameError, 0, true))
  }

  @Test func `the names of RFC 1035 §4.1.4 are read`() throws {
    let tail: [UInt8] = [0, 1, 0, 1]
    var message: [UInt8] = [0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0]
    message += [1, 0x46, 3, 0x49, 0x53, 0x49, 4, 0x41, 0x52, 0x50, 0x41, 0] + tail
    message += [3, 0x46, 0x4f, 0x4f, 0xc0, 12] + tail
    message += [0xc0, 18] + tail
    message += [0] + tail
    let view = try DNSMessage(validating: message.span.bytes)
    var questions = view.questions
    var names: [String] = []
    while let question = questions.next() { names.append(question.name.text) }
    #expect(names == ["f.isi.arpa", "foo.f.isi.arpa", "arpa", "."])
  }

  @Test func `pointers to themselves, forward and into the header are refused`() {
    #expect(refused(question([0xc0, 12])) == .badName)
    #expect(refused(question([1, 0x61, 0xc0, 12])) == .badName)
    #expect(refused(question([0xc0, 14, 0])) == .badName)
    #expect(refused(question([0xc0, 0])) == .badName)
    #expect(refused(question([0x40, 0])) == .badName)
    #expect(refused(question([0x80, 0])) == .badName)
  }

  @Test func `a name of 255 bytes passes and one more does not`() throws {
    let label = [UInt8(63)] + [UInt8](repeating: 0x61, count: 63)
    let three = label + label + label
    let longest = three + [61] + [UInt8](repeating: 0x61, count: 61) + [0]
    #expect(longest.count == DNSName.maximumByteCount)
    #expect(try text(question(longest))?.utf8.count == 253)
    #expect(refused(question(three + [62] + [UInt8](repeating: 0x61, count: 62) + [0])) == .badName)
  }

  @Test func `32 pointers in a name pass and one more does not`() {
    // Each question's name is a pointer to the one before.
    func chain(_ count: Int) -> [UInt8] {
      var bytes: [UInt8] = [0, 1, 0, 0, 0, UInt8(count + 1), 0, 0, 0, 0, 0, 0] + [1, 0x61, 0, 0, 1, 0, 1]
      var last = 12
      for _ in 0..<count {
        let here = bytes.count
        bytes += [0xc0, UInt8(last), 0, 1, 0, 1]
        last = here
      }
      return bytes
    }
    #expect(refused(chain(DNSName.maximumPointerCount)) == nil)
    #expect(refused(chain(DNSName.maximumPointerCount + 1)) == .badName)
  }

  @Test func `names match in either case, whole labels only`() throws {
    let bytes = question([3, 0x57, 0x57, 0x77, 2, 0x61, 0x62, 0])
    let message = try DNSMessage(validating: bytes.span.bytes)
    var questions = message.questions
    let texts = [
      "www.ab", "wWw.AB.", "www.a", "www.abc", "ww.ab", "wwwxab", "www", "ab", "", ".", "www..ab", "www.ab..",
    ]
    guard let question = questions.next() else { return }
    let name = question.name
    let matching = texts.map { name.matches($0) }
    #expect(matching == [true, true] + [Bool](repeating: false, count: 10))
  }

  @Test func `bytes that are no host's are escaped in text`() throws {
    #expect(try text(question([4, 0x61, 0x2e, 0x00, 0xff, 1, 0x62, 0])) == "a\\046\\000\\255.b")
  }

  @Test(arguments: [
    "", "a..b", ".a", "..", String(repeating: "a", count: 64),
    String(repeating: "a.", count: 127) + "aa",
  ])
  func `what is no name is not written`(name: String) {
    let error = refusal { () throws(WireError) in
      _ = try written { (output) throws(WireError) in try DNSWriter.query(id: 1, name, .a, into: &output) }
    }
    #expect(error == .badName)
  }

  @Test func `an answer is read as it was written`() throws {
    let bytes = try written { (output) throws(WireError) in
      var header = DNSHeader(id: 9)
      header.isResponse = true
      header.answerCount = 3
      header.write(into: &output)
      try DNSWriter.question("shop.example", .a, into: &output)
      try DNSWriter.record("shop.example", timeToLiveSeconds: 5, canonicalName: "a.example.", into: &output)
      try DNSWriter.record("a.example", timeToLiveSeconds: 6, IPv4Address(192, 0, 2, 1), into: &output)
      try DNSWriter.record("a.example", timeToLiveSeconds: .max, IPv6Address(high: 1, low: 2), into: &output)
    }
    #expect(
      try answers(bytes) == [
        "shop.example 5 CNAME a.example", "a.example 6 A 192.0.2.1", "a.example 0 AAAA 1 2",
      ])
  }

  @Test func `a record's data has the length of its type`() {
    var bytes = capture.udpPayload(1)
    // The last record is an A: its length stands before its 4 bytes.
    bytes[bytes.count - 5] = 3
    #expect(refused(bytes) == .badLength)
    bytes[bytes.count - 5] = 5
    #expect(refused(bytes) == .truncated)
  }
}

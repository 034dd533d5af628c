import Bytes
import HTTPCore

/// The first byte chooses what the rest is: a request, a response, chunks, or text for the small formats.
/// Whatever it is, reading it whole, byte by byte and in pieces must come to the same end, and what was
/// accepted must be accepted again after it was written anew.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let kind = bytes.first else { return 0 }
  let rest = Array(bytes.dropFirst())
  switch kind {
  case UInt8(ascii: "r"): fuzzResponse(rest)
  case UInt8(ascii: "c"): fuzzBody(rest, .chunked)
  case UInt8(ascii: "l"): fuzzBody(rest, .length(UInt64(rest.first ?? 0)))
  case UInt8(ascii: "t"): fuzzText(rest)
  default: fuzzRequest(kind == UInt8(ascii: "q") ? rest : bytes)
  }
  return 0
}

/// Piece lengths: the whole, bytes, and pieces whose lengths come from the input itself.
private func steps(_ bytes: [UInt8]) -> [[Int]] {
  var uneven: [Int] = []
  var length = 0
  while length < bytes.count {
    length = min(bytes.count, length + 1 + Int(bytes[length] % 23))
    uneven.append(length)
  }
  return [[bytes.count], Array(0...bytes.count), uneven.isEmpty ? [0] : uneven]
}

private func describe(_ head: some FieldSource, _ input: RawSpan) -> String {
  var text = ""
  for line in head.fields {
    precondition(line.name.upperBound <= input.byteCount && line.value.upperBound <= input.byteCount)
    precondition(!line.name.isEmpty && line.name.upperBound < line.value.lowerBound + 1)
    text += input.string(line.name) + "=" + input.string(line.value) + "\n"
    precondition(line.known == KnownField(input.string(line.name)), "a name was known differently")
  }
  return text
}

private func requestText(_ head: RequestHead, _ input: RawSpan) -> String {
  "\(head.method)|\(input.string(head.target))|\(input.string(head.path))|"
    + "\(head.query.map { input.string($0) } ?? "-")|\(input.string(head.host))|\(head.keepAlive)|"
    + "\(head.framing)|\(head.expectsContinue)|\(head.isAbsoluteForm)|\(head.isAsterisk)|\(head.version)|"
    + describe(head, input)
}

private func fuzzRequest(_ bytes: [UInt8]) {
  var first: RequestParser.Progress?
  var firstText = ""
  for lengths in steps(bytes) {
    var parser = RequestParser()
    var progress = RequestParser.Progress.needMore
    var text = ""
    for length in lengths where progress == .needMore {
      let prefix = Array(bytes[..<length])
      progress = parser.parse(prefix.span.bytes)
      if case .complete(let count) = progress {
        precondition(count <= length)
        text = requestText(parser.head, prefix.span.bytes)
        rewriteRequest(parser.head, prefix)
      }
    }
    precondition(first == nil || (first == progress && firstText == text), "pieces change the outcome")
    (first, firstText) = (progress, text)
  }
}

/// Writes what was read, and reads it again.
private func rewriteRequest(_ head: RequestHead, _ input: [UInt8]) {
  let span = input.span.bytes
  var buffer = ByteBuffer()
  buffer.append(span.extracting(head.methodName))
  buffer.append(" ")
  buffer.append(span.extracting(head.target))
  buffer.append(head.version == .http11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n")
  for line in head.fields {
    let isWritten = ResponseWriter.field(
      span.extracting(line.name), span.extracting(line.value), into: &buffer)
    precondition(isWritten, "an accepted field was not written")
  }
  ResponseWriter.endOfHead(into: &buffer)
  var parser = RequestParser()
  let again = parser.parse(buffer.bytes)
  precondition(again == .complete(headByteCount: buffer.count), "a rewritten request was not accepted")
  precondition(requestText(parser.head, buffer.bytes) == requestText(head, span), "a request changed")
  if !head.isAbsoluteForm && !head.host.isEmpty {
    var other = ByteBuffer()
    let isWritten = RequestWriter.head(
      head.method, target: span.extracting(head.target), host: span.extracting(head.host), into: &other)
    precondition(isWritten, "an accepted target or host was not written")
  }
  let router = Router<Int>([
    Route(.get, "/", 0), Route(.get, "/a/{b}", 1), Route(.post, "/a/{b}/{rest...}", 2),
    Route(.get, "/a/b", 3),
  ])
  if case .route(_, _, let parameters) = router.match(head.method, path: span.extracting(head.path)) {
    for index in 0..<parameters.count { precondition(!parameters[index].isEmpty) }
  }
  if let query = head.query { precondition(Query(span.extracting(query)).pairs.count <= 256) }
}

private func fuzzResponse(_ bytes: [UInt8]) {
  var first: RequestParser.Progress?
  var firstText = ""
  for lengths in steps(bytes) {
    var parser = ResponseParser(requestMethod: .get)
    var progress = RequestParser.Progress.needMore
    var text = ""
    for length in lengths where progress == .needMore {
      let prefix = Array(bytes[..<length])
      progress = parser.parse(prefix.span.bytes)
      if case .complete = progress {
        let head = parser.head
        text = "\(head.status)|\(head.framing)|\(head.keepAlive)|\(head.version)|"
        text += describe(head, prefix.span.bytes)
        if head.status.forbidsContent { precondition(head.framing == .none) }
      }
      if case .refused(let refusal) = progress { precondition(refusal.status == .badGateway) }
    }
    precondition(first == nil || (first == progress && firstText == text), "pieces change the outcome")
    (first, firstText) = (progress, text)
  }
}

private func fuzzBody(_ bytes: [UInt8], _ framing: Framing) {
  var first: (content: [UInt8], end: BodyDecoder.Step)?
  for lengths in steps(bytes) {
    var decoder = BodyDecoder(framing)
    var content: [UInt8] = []
    var consumed = 0
    var end = BodyDecoder.Step.needMore
    feeding: for length in lengths {
      while true {
        let input = Array(bytes[consumed..<length])
        switch decoder.step(input.span.bytes) {
        case .needMore: continue feeding
        case .payload(let range):
          precondition(!range.isEmpty && range.upperBound <= input.count)
          content += input[range]
          consumed += range.upperBound
        case .finished(let count):
          end = .finished(consumed: consumed + count)
          break feeding
        case .refused(let refusal):
          end = .refused(refusal)
          break feeding
        }
      }
    }
    if let first { precondition(first.content == content && first.end == end, "pieces change the content") }
    first = (content, end)
    if case .finished = end, framing == .chunked {
      var buffer = ByteBuffer()
      ResponseWriter.chunk(content.span.bytes, into: &buffer)
      ResponseWriter.lastChunk(into: &buffer)
      precondition(buffer.count >= content.count)
    }
  }
}

private func fuzzText(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  for encoded in [PercentCoding.encode(pathSegment: text), PercentCoding.encode(query: text)] {
    precondition(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
  }
  if !text.utf8.contains(0) {
    let segment = Array(PercentCoding.encode(pathSegment: text).utf8)
    precondition(PercentCoding.decode(segment.span.bytes) == text, "a segment changed")
    let pair = Array(("a=" + PercentCoding.encode(query: text)).utf8)
    precondition(Query(pair.span.bytes).first("a") == text, "a value changed")
  }
  _ = Query(bytes.span.bytes)
  _ = PercentCoding.decode(bytes.span.bytes)
  if case .tags(let tags) = EntityTagCondition(text) {
    let again = tags.map(\.text).joined(separator: ", ")
    precondition(EntityTagCondition(again) == .tags(tags), "tags changed")
    if tags.count == 1 { precondition(EntityTag(parsing: tags[0].text) == tags[0]) }
  }
  if let type = MediaType(text) { precondition(MediaType(type.essence)?.essence == type.essence) }
  for length in [0, 1, 10, .max] as [UInt64] {
    if case .satisfiable(let range) = ByteRange(text, length: length) {
      precondition(!range.isEmpty && range.upperBound <= length, "a range outside the content")
    }
  }
  for pair in Cookie.parse(text) { precondition(!pair.name.isEmpty) }
  _ = FieldList.tokens(text)
  var buffer = ByteBuffer()
  if ResponseWriter.field("x", text, into: &buffer) {
    let written = buffer.array()
    precondition(written.filter { $0 == 10 || $0 == 13 }.count == 2, "a response was split")
  } else {
    precondition(buffer.isEmpty)
  }
  var date = ByteBuffer()
  var seconds: UInt64 = 0
  for byte in bytes.prefix(8) { seconds = seconds << 8 | UInt64(byte) }
  HTTPDate.write(Int64(bitPattern: seconds), into: &date)
  precondition(date.count == HTTPDate.byteCount)
}

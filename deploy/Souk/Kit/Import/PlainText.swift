// WHATWG HTML §13.2.5 (tokenization) before changing this file: the tags and references it finds are found here.

/// Text out of the HTML of product descriptions. What is dropped: tags, comments, scripts, styles. What stays:
/// the words, with paragraphs apart and line breaks where elements break lines.
struct PlainText {
  private let html: [UInt8]
  private var offset = 0
  private var text: [UInt8] = []
  /// White space and line breaks wait until text follows, so none stand at the ends.
  private var pendingSpace = false
  private var pendingBreaks = 0

  /// The text of an HTML fragment.
  static func of(html: String) -> String {
    var plain = PlainText(html: Array(html.utf8))
    plain.read()
    return String(decoding: plain.text, as: UTF8.self)
  }

  private init(html: [UInt8]) { self.html = html }

  private mutating func read() {
    while offset < html.count {
      let byte = html[offset]
      switch byte {
      case UInt8(ascii: "<"): if !skipMarkup() { appendByte(byte) }
      case UInt8(ascii: "&"):
        if let (reference, end) = HTMLReference.read(html, at: offset) {
          offset = end
          for scalar in reference.unicodeScalars { append(scalar) }
        } else {
          appendByte(byte)
        }
      default: appendByte(byte)
      }
    }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    if scalar == "\u{A0}" || scalar.value <= 0x20 {
      pendingSpace = true
    } else if scalar.value != 0x7F {
      flush()
      text.append(contentsOf: String(scalar).utf8)
    }
  }

  private mutating func appendByte(_ byte: UInt8) {
    offset += 1
    if byte <= 0x20 {
      pendingSpace = true
    } else if byte == 0xC2, offset < html.count, html[offset] == 0xA0 {
      offset += 1
      pendingSpace = true
    } else if byte != 0x7F {
      flush()
      text.append(byte)
    }
  }

  private mutating func flush() {
    if !text.isEmpty {
      if pendingBreaks > 0 {
        text.append(contentsOf: [UInt8](repeating: UInt8(ascii: "\n"), count: pendingBreaks))
      } else if pendingSpace {
        text.append(UInt8(ascii: " "))
      }
    }
    pendingSpace = false
    pendingBreaks = 0
  }

  /// Steps over a tag, comment or declaration at `offset`; false when the `<` there means itself.
  private mutating func skipMarkup() -> Bool {
    var next = offset + 1
    guard next < html.count else { return false }
    if html[next...].starts(with: "!--".utf8) {
      offset = find("-->", from: next + 1).map { $0 + 3 } ?? html.count
      return true
    }
    if html[next] == UInt8(ascii: "!") || html[next] == UInt8(ascii: "?") {
      offset = find(">", from: next).map { $0 + 1 } ?? html.count
      return true
    }
    let closes = html[next] == UInt8(ascii: "/")
    if closes { next += 1 }
    guard next < html.count, isLetter(html[next]) else { return false }
    let start = next
    while next < html.count, isLetter(html[next]) || 48...57 ~= html[next] { next += 1 }
    let name = String(decoding: html[start..<next], as: UTF8.self).lowercased()
    offset = tagEnd(from: next)
    breakLine(at: name, closes: closes)
    if !closes, Self.hidden.contains(name) {
      offset = find("</" + name, from: offset).map { tagEnd(from: $0) } ?? html.count
    }
    return true
  }

  /// Behind the `>` that ends a tag; one in a quoted attribute does not.
  private func tagEnd(from start: Int) -> Int {
    var index = start
    var quote: UInt8?
    while index < html.count {
      let byte = html[index]
      index += 1
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        // Only behind an equals sign a quote opens a value.
        var before = index - 2
        while before > start, html[before] <= 0x20 { before -= 1 }
        if html[before] == UInt8(ascii: "=") { quote = byte }
      } else if byte == UInt8(ascii: ">") {
        return index
      }
    }
    return html.count
  }

  private mutating func breakLine(at name: String, closes: Bool) {
    if Self.paragraphs.contains(name) {
      pendingBreaks = max(pendingBreaks, 2)
    } else if name == "br" {
      pendingBreaks = min(pendingBreaks + 1, 2)
    } else if Self.lines.contains(name) {
      pendingBreaks = max(pendingBreaks, 1)
    } else if name == "td" || name == "th" {
      pendingSpace = true
    }
  }

  /// The next place of `needle`, in any case.
  private func find(_ needle: String, from start: Int) -> Int? {
    let needle = Array(needle.utf8)
    guard start + needle.count <= html.count else { return nil }
    return (start...html.count - needle.count).first { place in
      needle.indices.allSatisfy { lowercase(html[place + $0]) == needle[$0] }
    }
  }

  private func isLetter(_ byte: UInt8) -> Bool { 97...122 ~= lowercase(byte) }

  private func lowercase(_ byte: UInt8) -> UInt8 { 65...90 ~= byte ? byte + 32 : byte }

  private static let hidden: Set = [
    "head", "iframe", "noscript", "script", "style", "svg", "template", "title",
  ]
  private static let paragraphs: Set = [
    "address", "article", "aside", "blockquote", "dl", "figure", "footer", "form", "h1", "h2", "h3", "h4",
    "h5",
    "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul",
  ]
  private static let lines: Set = ["caption", "center", "dd", "div", "dt", "figcaption", "li", "tr"]
}

import Bytes

/// The picture of a product that has none: its initials on a colour and a shape of its own.
enum GeneratedPicture {
  /// Backgrounds with the colour of shape and letters on them; every pair has a contrast of at least 4.5.
  private static let palette: [(paper: StaticString, shape: StaticString, ink: StaticString)] = [
    ("#e8f1ee", "#cfe3db", "#1f5f4a"), ("#f3ece2", "#e7d8c1", "#6b4a17"),
    ("#e9eef7", "#d0dcf0", "#274a8a"), ("#f7e9ec", "#efd0d8", "#8a2741"),
    ("#f0eaf6", "#ddcfec", "#5b3286"), ("#e6f2f6", "#c7e2ec", "#155a72"),
    ("#f5f0dd", "#e9dfb4", "#625110"), ("#eef3e3", "#d9e6be", "#44601a"),
    ("#f8ece4", "#f1d3bf", "#8a4014"), ("#eceef0", "#d5dade", "#3b4650"),
  ]

  /// An SVG of 400 × 400 units. The same id and name always give the same picture.
  static func svg(id: String, name: String) -> [UInt8] {
    let number = hash(id)
    let colours = palette[Int(number % UInt64(palette.count))]
    var svg = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img" aria-label="\(escape(name))">\
      <rect width="400" height="400" fill="\(colours.paper.description)"/>
      """
    svg += shape((number >> 16) % 4, turn: (number >> 24) % 360, colours.shape.description)
    svg += """
      <text x="200" y="200" dy=".36em" text-anchor="middle" font-family="Georgia,'Times New Roman',serif" \
      font-size="128" letter-spacing="2" fill="\(colours.ink.description)">\(escape(initials(of: name)))</text>\
      </svg>
      """
    return Array(svg.utf8)
  }

  private static func shape(_ kind: UInt64, turn: UInt64, _ colour: String) -> String {
    let place = "transform=\"rotate(\(turn) 200 200)\" fill=\"\(colour)\""
    switch kind {
    case 0: return "<circle cx=\"225\" cy=\"215\" r=\"150\" \(place)/>"
    case 1: return "<rect x=\"75\" y=\"75\" width=\"250\" height=\"250\" rx=\"48\" \(place)/>"
    case 2: return "<ellipse cx=\"200\" cy=\"200\" rx=\"178\" ry=\"112\" \(place)/>"
    default: return "<path d=\"M200 45 355 310H45Z\" \(place)/>"
    }
  }

  /// The first letters of the first two words, in capitals.
  static func initials(of name: String) -> String {
    var initials = ""
    for word in SearchWords.words(in: name).prefix(2) {
      if let first = word.first { initials += String(first).uppercased() }
    }
    return initials
  }

  /// FNV-1a: spreads ids over colours and shapes.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// `text` as XML content or attribute value.
  static func escape(_ text: String) -> String {
    var escaped: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): escaped += Array("&amp;".utf8)
      case UInt8(ascii: "<"): escaped += Array("&lt;".utf8)
      case UInt8(ascii: ">"): escaped += Array("&gt;".utf8)
      case UInt8(ascii: "\""): escaped += Array("&quot;".utf8)
      case UInt8(ascii: "'"): escaped += Array("&#39;".utf8)
      default: escaped.append(byte)
      }
    }
    return String(utf8: escaped)
  }
}

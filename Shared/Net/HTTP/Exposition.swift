import Bytes
import Platform

/// Series as Prometheus reads them (text exposition format 0.0.4), line by line.
struct Exposition: ~Copyable {
  private var text = ByteBuffer(capacity: 16 << 10)

  /// What was written so far.
  var bytes: [UInt8] { text.array() }

  /// Says what the family `name` is. Its lines follow.
  mutating func begin(_ name: String, _ help: String, _ type: StaticString) {
    text.append("# HELP ")
    text.append(utf8: name)
    text.append(" ")
    text.append(utf8: help)
    text.append("\n# TYPE ")
    text.append(utf8: name)
    text.append(" ")
    text.append(type)
    text.append("\n")
  }

  /// Writes the line of a count; `suffix` and `bound` as in `begin(line:)`.
  @inline(never)
  mutating func line(
    _ name: String, suffix: StaticString = "", _ labels: Metrics.Labels, bound: Double? = nil,
    _ count: UInt64
  ) {
    begin(line: name, suffix, labels, bound)
    text.append(decimal: Int(clamping: count))
    text.append("\n")
  }

  /// Writes the line of a number.
  @inline(never)
  mutating func line(_ name: String, suffix: StaticString = "", _ labels: Metrics.Labels, _ number: Double) {
    begin(line: name, suffix, labels, nil)
    append(number)
    text.append("\n")
  }

  /// Writes what stands before a line's number: the name with its `suffix`, and the labels, of which the last is the
  /// upper `bound` of a histogram's bucket.
  @inline(never)
  private mutating func begin(
    line name: String, _ suffix: StaticString, _ labels: Metrics.Labels, _ bound: Double?
  ) {
    text.append(utf8: name)
    text.append(suffix)
    var before: StaticString = "{"
    for label in labels {
      text.append(before)
      text.append(utf8: label.name)
      text.append("=\"")
      text.append(utf8: label.value)
      text.append("\"")
      before = ","
    }
    if let bound {
      text.append(before)
      text.append("le=\"")
      append(bound)
      text.append("\"")
    }
    text.append(labels.isEmpty && bound == nil ? " " : "} ")
  }

  /// Whole numbers without a fraction: `7`, not `7.0`; others to nine digits behind the point, as time is counted.
  /// Without the standard library's shortest digits, which are 7 KB of an image.
  @inline(never)
  private mutating func append(_ number: Double) {
    guard number.magnitude < 9e9 else {
      if number.magnitude < 9e18 { return text.append(decimal: Int(number)) }
      return text.append(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")
    }
    let billionths = Int(number * 1e9 + (number < 0 ? -0.5 : 0.5))
    if billionths < 0 { text.append("-") }
    let magnitude = Int(billionths.magnitude)
    text.append(decimal: magnitude / 1_000_000_000)
    // Zeros at the end say nothing.
    var rest = magnitude % 1_000_000_000
    var digitCount = 9
    guard rest > 0 else { return }
    while rest % 10 == 0 {
      rest /= 10
      digitCount -= 1
    }
    text.append(".")
    text.append(decimal: rest, atLeast: digitCount)
  }

  // MARK: What a network counts

  /// Writes `figures`, of which those of one family stand together.
  mutating func append(_ figures: [NetworkFigure]) {
    var family: UnsafePointer<UInt8>?
    for figure in figures {
      if figure.family.utf8Start != family {
        family = figure.family.utf8Start
        text.append("# HELP ")
        text.append(figure.family)
        text.append("\n# TYPE ")
        append(nameOf: figure)
        text.append(figure.isCounter ? " counter\n" : " gauge\n")
      }
      append(nameOf: figure)
      if let label = figure.label {
        text.append("{")
        text.append(label.name)
        text.append("=\"")
        text.append(label.value)
        text.append("\"}")
      }
      text.append(" ")
      text.append(decimal: Int(clamping: figure.value))
      text.append("\n")
    }
  }

  @inline(never)
  private mutating func append(nameOf figure: NetworkFigure) {
    figure.family.withUTF8Buffer { literal in
      // Safe: a literal's bytes are there for good.
      text.append(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(literal)).extracting(first: figure.nameByteCount))
    }
  }
}

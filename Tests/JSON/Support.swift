import JSON
import Testing

/// Expects that `text` is refused for this reason at this offset.
func expectRefused(
  _ text: String, _ reason: JSONError.Reason, at offset: Int, limits: JSONLimits = .init(),
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectRefused(Array(text.utf8), reason, at: offset, limits: limits, sourceLocation: sourceLocation)
}

/// Expects that `bytes` are refused for this reason at this offset.
func expectRefused(
  _ bytes: [UInt8], _ reason: JSONError.Reason, at offset: Int, limits: JSONLimits = .init(),
  sourceLocation: SourceLocation = #_sourceLocation
) {
  do {
    let value = try JSON.parse(bytes, limits: limits)
    Issue.record(
      "\(String(decoding: bytes, as: UTF8.self)) was read as \(value)", sourceLocation: sourceLocation)
  } catch {
    #expect(error.reason == reason, sourceLocation: sourceLocation)
    #expect(error.offset == offset, sourceLocation: sourceLocation)
  }
}

/// What the writer made, as text.
func written(_ body: (inout JSONWriter) -> Void) -> String {
  var writer = JSONWriter()
  body(&writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}

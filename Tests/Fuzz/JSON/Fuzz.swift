import JSON

/// Reads the input as JSON: what is accepted must come back equal from the writer, what is refused must name a
/// place in the input. Then the input is written as a string, and must be read back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    let value = try JSON.parse(bytes)
    let text = value.serialized()
    // The writer escapes less than a peer may and writes 1e5 as 100000.0, so limits on length are left aside.
    let again = try JSON.parse(text, limits: JSONLimits(maximumByteCount: .max, maximumNumberByteCount: .max))
    precondition(again == value, "the writer changed a value")
    precondition(again.serialized() == text, "the writer is not stable")
    let cut = Array(text.dropLast())
    precondition((try? JSON.parse(cut)).map(isNumber) ?? true, "a cut document was accepted")
  } catch {
    precondition(error.offset >= 0 && error.offset <= count, "an error outside the document")
    precondition(error.line >= 1 && error.column >= 1 && error.line <= count + 1, "an error in no line")
  }
  let string = String(decoding: bytes, as: UTF8.self)
  let quoted = JSON.string(string).serialized()
  precondition((try? JSON.parse(quoted)) == .string(string), "a string was changed")
  return 0
}

/// Only a number may lose its last byte and be a document still.
private func isNumber(_ value: JSON) -> Bool {
  switch value {
  case .integer, .number: true
  default: false
  }
}

// RFC 4180 §2 before changing this file.

/// One record of a CSV file, or why it is none.
struct CSVRecord: Equatable {
  enum Content: Equatable {
    case fields([String])
    case malformed(String)
  }

  /// From 1, as a spreadsheet counts.
  let number: Int
  /// The line in which it begins, from 1.
  let line: Int
  let content: Content
}

/// Reads the records of a CSV file one by one.
///
/// Fields in quotes may hold commas, line breaks and doubled quotes; records end with CRLF, LF or CR; a UTF-8
/// byte order mark is dropped; empty lines are no records. A quote inside a field that is not quoted means
/// itself, since nothing else could be meant. After a malformed record reading goes on with the next line.
struct CSVReader {
  private let bytes: [UInt8]
  private var offset: Int
  private var line = 1
  private var number = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next record; nil at the end.
  mutating func next() -> CSVRecord? {
    while offset < bytes.count, isLineEnd(bytes[offset]) { skipLineEnd() }
    guard offset < bytes.count else { return nil }
    number += 1
    let (start, startLine) = (offset, line)
    do throws(Malformed) {
      return CSVRecord(number: number, line: startLine, content: .fields(try fields(from: start)))
    } catch {
      if error == .unclosedQuote || error == .tooLong {
        // The record may have swallowed good ones: go back to its first line.
        (offset, line) = (start, startLine)
      }
      skipLine()
      return CSVRecord(number: number, line: startLine, content: .malformed(error.rawValue))
    }
  }

  private enum Malformed: String, Error {
    case unclosedQuote = "a quote is opened and never closed"
    case textAfterQuote = "text follows a closing quote: quotes inside a field are doubled"
    case notUTF8 = "not UTF-8: save the file with that encoding"
    case tooLong = "longer than 1 MiB, or a quote is never closed"
  }

  private mutating func fields(from start: Int) throws(Malformed) -> [String] {
    var fields: [String] = []
    while true {
      fields.append(try field(of: start))
      guard offset < bytes.count else { return fields }
      if bytes[offset] == UInt8(ascii: ",") {
        offset += 1
      } else {
        skipLineEnd()
        return fields
      }
    }
  }

  /// The field at `offset`, up to the comma, line end or end behind it.
  private mutating func field(of record: Int) throws(Malformed) -> String {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
      let start = offset
      while offset < bytes.count, bytes[offset] != UInt8(ascii: ","), !isLineEnd(bytes[offset]) {
        offset += 1
      }
      guard offset - record <= ImportLimits.recordByteCount else { throw .tooLong }
      return try text(bytes[start..<offset])
    }
    offset += 1
    var value: [UInt8] = []
    while true {
      guard offset < bytes.count else { throw .unclosedQuote }
      guard offset - record <= ImportLimits.recordByteCount else { throw .tooLong }
      let byte = bytes[offset]
      if isLineEnd(byte) {
        let start = offset
        skipLineEnd()
        value.append(contentsOf: bytes[start..<offset])
      } else if byte != UInt8(ascii: "\"") {
        value.append(byte)
        offset += 1
      } else if offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "\"") {
        value.append(byte)
        offset += 2
      } else {
        offset += 1
        break
      }
    }
    guard offset == bytes.count || bytes[offset] == UInt8(ascii: ",") || isLineEnd(bytes[offset]) else {
      throw .textAfterQuote
    }
    return try text(value[...])
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
    return text
  }

  private func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// Steps over CRLF, LF or CR.
  private mutating func skipLineEnd() {
    let isCR = bytes[offset] == UInt8(ascii: "\r")
    offset += isCR && offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "\n") ? 2 : 1
    line += 1
  }

  private mutating func skipLine() {
    while offset < bytes.count, !isLineEnd(bytes[offset]) { offset += 1 }
    if offset < bytes.count { skipLineEnd() }
  }
}

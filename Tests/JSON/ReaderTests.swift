import JSON
import Testing

@Suite struct ReaderTests {
  @Test func `each kind of value is read alone`() throws {
    #expect(try JSON.parse("null") == .null)
    #expect(try JSON.parse("true") == .bool(true))
    #expect(try JSON.parse("false") == .bool(false))
    #expect(try JSON.parse("12") == .integer(12))
    #expect(try JSON.parse("1.5") == .number(1.5))
    #expect(try JSON.parse("\"a\"") == .string("a"))
    #expect(try JSON.parse("[]") == .array([]))
    #expect(try JSON.parse("{}") == .object(JSONObject()))
  }

  @Test func `white space of four kinds stands anywhere between tokens`() throws {
    let text = " \t\r\n{ \"a\" \n:\t[ 1 ,\r2 ] , \"b\" : { } } \n"
    let value = try JSON.parse(text)
    #expect(value["a"] == .array([.integer(1), .integer(2)]))
    #expect(value["b"] == .object(JSONObject()))
    expectRefused("\u{0B}1", .expectedValue, at: 0)
    expectRefused("\u{0C}1", .expectedValue, at: 0)
    expectRefused("\u{A0}1", .expectedValue, at: 0)
    expectRefused("1\0", .expectedEnd, at: 1)
  }

  @Test func `members keep the document's order`() throws {
    let object = try #require(try JSON.parse(#"{"b":1,"a":2,"":3}"#).object)
    #expect(object.members.map(\.key) == ["b", "a", ""])
    #expect(object[""] == .integer(3))
    #expect(object["c"] == nil)
  }

  @Test func `a document is exactly one value`() {
    expectRefused("", .unexpectedEnd, at: 0)
    expectRefused("  ", .unexpectedEnd, at: 2)
    expectRefused("1 2", .expectedEnd, at: 2)
    expectRefused("{}{}", .expectedEnd, at: 2)
    expectRefused("[],", .expectedEnd, at: 2)
    expectRefused("null null", .expectedEnd, at: 5)
  }

  @Test func `a byte order mark is refused`() {
    expectRefused([0xEF, 0xBB, 0xBF, 0x31], .expectedValue, at: 0)
    expectRefused([0xFF, 0xFE, 0x31, 0x00], .expectedValue, at: 0)
  }

  @Test(arguments: [
    ("nul", JSONError.Reason.unexpectedEnd, 3), ("nulL", .expectedValue, 3), ("True", .expectedValue, 0),
    ("trve", .expectedValue, 2), ("nulls", .expectedEnd, 4), ("NaN", .expectedValue, 0),
    ("Infinity", .expectedValue, 0), ("'a'", .expectedValue, 0), ("undefined", .expectedValue, 0),
    ("a", .expectedValue, 0), ("//1", .expectedValue, 0), ("1 //", .expectedEnd, 2), ("]", .expectedValue, 0),
  ])
  func `words and quotes that are not JSON are refused`(
    _ text: String, _ reason: JSONError.Reason, _ offset: Int
  ) {
    expectRefused(text, reason, at: offset)
  }

  @Test(arguments: [
    ("[", JSONError.Reason.unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
    ("[1,]", .expectedValue, 3), ("[,1]", .expectedValue, 1), ("[1,,2]", .expectedValue, 3),
    ("[1 2]", .expectedCommaOrBracket, 3), ("[1}", .expectedCommaOrBracket, 2),
    ("[1:2]", .expectedCommaOrBracket, 2), ("{", .unexpectedEnd, 1), ("{\"a\"", .unexpectedEnd, 4),
    ("{\"a\":", .unexpectedEnd, 5), ("{\"a\":1", .unexpectedEnd, 6), ("{\"a\":1,", .unexpectedEnd, 7),
    ("{\"a\":1,}", .expectedKey, 7), ("{,}", .expectedKey, 1), ("{a:1}", .expectedKey, 1),
    ("{1:1}", .expectedKey, 1), ("{\"a\" 1}", .expectedColon, 5), ("{\"a\",1}", .expectedColon, 4),
    ("{\"a\":}", .expectedValue, 5), ("{\"a\":1]", .expectedCommaOrBrace, 6),
    ("{\"a\":1 \"b\":2}", .expectedCommaOrBrace, 7), ("{null:1}", .expectedKey, 1),
    ("{\"a\"::1}", .expectedValue, 5),
  ])
  func `arrays and objects have exactly the commas and colons they need`(
    _ text: String, _ reason: JSONError.Reason, _ offset: Int
  ) {
    expectRefused(text, reason, at: offset)
  }

  @Test func `a key that occurs twice is refused where it stands again`() {
    expectRefused(#"{"a":1,"b":2,"a":1}"#, .duplicateKey, at: 13)
    expectRefused(#"{"a":1,"\u0061":2}"#, .duplicateKey, at: 7)
    expectRefused(#"{"x":{"a":1,"a":1}}"#, .duplicateKey, at: 12)
    let many = (0..<100).map { "\"k\($0)\":0" }.joined(separator: ",")
    expectRefused("{\(many),\"k7\":0,\"k3\":0}", .duplicateKey, at: 2 + many.utf8.count)
  }

  @Test func `keys that only look alike are two keys`() throws {
    let value = try JSON.parse("{\"\u{E9}\":1,\"e\u{301}\":2,\"A\":3,\"a\":4}")
    #expect(value["\u{E9}"] == .integer(1))
    #expect(value["e\u{301}"] == .integer(2))
    #expect(value["a"] == .integer(4))
  }

  @Test func `every truncation of a document is refused at its end`() throws {
    let document = Array(#"{"a":[1,-2.5e+3,"é€😀\n\ud83d\ude00\\"],"b":{"c":null,"d":true,"e":false}}"#.utf8)
    _ = try JSON.parse(document)
    for count in 0..<document.count {
      expectRefused(Array(document[..<count]), .unexpectedEnd, at: count)
    }
  }

  @Test func `every change of one byte is read or refused, never a crash`() throws {
    let document = Array(#"{"a":[1,-2.5e+3,"é😀\ud83d\ude00"],"b":null}"#.utf8)
    for index in document.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = document
        changed[index] = byte
        guard let value = try? JSON.parse(changed) else { continue }
        #expect(try JSON.parse(value.serialized()) == value)
      }
    }
  }

  @Test func `an error names its line and column`() {
    do {
      _ = try JSON.parse("{\n  \"é😀\": [1,\r\n2 3]}")
      Issue.record("read")
    } catch {
      #expect(error.reason == .expectedCommaOrBracket)
      #expect(error.line == 3)
      #expect(error.column == 3)
      #expect(error.description == "a comma or ] was expected at line 3, column 3")
    }
    do {
      _ = try JSON.parse("{\"é😀\":x}")
      Issue.record("read")
    } catch {
      #expect((error.line, error.column, error.offset) == (1, 7, 10))
    }
  }

  @Test func `accessors answer for their own kind only`() throws {
    let value = try JSON.parse(#"{"s":"x","i":7,"n":7.5,"w":3.0,"b":true,"a":[1],"z":null}"#)
    #expect(value["s"]?.string == "x" && value["i"]?.string == nil)
    #expect(value["i"]?.integer == 7 && value["n"]?.integer == nil && value["w"]?.integer == 3)
    #expect(value["i"]?.number == 7 && value["n"]?.number == 7.5 && value["s"]?.number == nil)
    #expect(value["b"]?.bool == true && value["i"]?.bool == nil)
    #expect(value["a"]?.array == [.integer(1)] && value["s"]?.array == nil)
    #expect(value["z"]?.isNull == true && value["s"]?.isNull == false)
    #expect(value.object?.members.count == 7 && value["a"]?.object == nil)
    #expect(value["missing"] == nil && JSON.null["a"] == nil)
    #expect(JSON.number(1e300).integer == nil && JSON.number(-9_007_199_254_740_992).integer != nil)
  }

  @Test func `objects are equal in any order, arrays only in theirs`() throws {
    #expect(try JSON.parse(#"{"a":1,"b":[2]}"#) == JSON.parse(#"{"b":[2],"a":1}"#))
    #expect(try JSON.parse(#"{"a":1}"#) != JSON.parse(#"{"a":2}"#))
    #expect(try JSON.parse(#"{"a":1}"#) != JSON.parse(#"{"b":1}"#))
    #expect(try JSON.parse(#"{"a":1}"#) != JSON.parse(#"{"a":1,"b":1}"#))
    #expect(try JSON.parse("[1,2]") != JSON.parse("[2,1]"))
  }
}

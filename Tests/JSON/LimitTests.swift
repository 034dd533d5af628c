import JSON
import Testing

@Suite struct LimitTests {
  private func nested(_ depth: Int) -> String {
    String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
  }

  @Test func `64 nested arrays are read, 65 are refused`() throws {
    _ = try JSON.parse(nested(64))
    expectRefused(nested(65), .tooDeep, at: 64)
  }

  @Test func `objects count as depth too`() throws {
    let limits = JSONLimits(maximumDepth: 2)
    _ = try JSON.parse(#"{"a":[1]}"#, limits: limits)
    expectRefused(#"{"a":[{}]}"#, .tooDeep, at: 6, limits: limits)
    expectRefused("[]", .tooDeep, at: 0, limits: JSONLimits(maximumDepth: 0))
  }

  @Test func `depth is what is open, not what there was`() throws {
    let siblings = "[" + Array(repeating: "[[]]", count: 500).joined(separator: ",") + "]"
    _ = try JSON.parse(siblings, limits: JSONLimits(maximumDepth: 3))
  }

  @Test func `the deepest limit there is can be read`() throws {
    let deepest = JSONLimits.deepest
    _ = try JSON.parse(nested(deepest), limits: JSONLimits(maximumDepth: deepest))
  }

  @Test func `an endless row of brackets is refused at the limit`() {
    expectRefused(String(repeating: "[", count: 1 << 20), .tooDeep, at: 64)
    expectRefused(String(repeating: "{\"a\":", count: 1 << 17), .tooDeep, at: 5 * 64)
  }

  @Test func `a document of the byte limit is read, one byte more is refused`() throws {
    let limits = JSONLimits(maximumByteCount: 10)
    #expect(try JSON.parse("\"12345678\"", limits: limits).string == "12345678")
    expectRefused("\"123456789\"", .tooLarge, at: 0, limits: limits)
    expectRefused("1          ", .tooLarge, at: 0, limits: limits)
    expectRefused(String(repeating: " ", count: (1 << 20) + 1), .tooLarge, at: 0)
  }

  @Test func `a number of the byte limit is read, one byte more is refused`() throws {
    let longest = "0." + String(repeating: "1", count: 126)
    #expect(try JSON.parse(longest).number == 1.0 / 9)
    expectRefused("[\(longest)1]", .numberTooLong, at: 1)
  }

  @Test func `a hundred thousand members are compared in good time`() throws {
    let text = "{" + (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    let object = try #require(try JSON.parse(text, limits: JSONLimits(maximumByteCount: 1 << 21)).object)
    #expect(object.members.count == 100_000)
  }
}

import JSON
import Testing

@Suite struct MembersTests {
  private func read(_ text: String) throws -> JSONMembers { JSONMembers(try JSON.parse(text)) }

  @Test func `members that are there and of their kind are read`() throws {
    var members = try read(
      #"{"s":"text","i":7,"b":true,"l":["a","b"],"o":[{"n":1},{"n":2}],"m":null}"#)
    let text = members.string("s")
    let integer = members.integer("i")
    let bool = members.bool("b")
    let list = members.strings("l")
    let numbers = members.list("o") { $0.integer("n") }
    #expect(text == "text" && integer == 7 && bool && list == ["a", "b"] && numbers == [1, 2])
    #expect(members.optionalString("s") == "text" && members.optionalString("m") == nil)
    #expect(members.member("i") == .integer(7) && members.member("nothing") == .null)
    #expect(members.isComplete)
  }

  @Test(arguments: [
    #"{}"#, "[]", #"{"n":"7","l":[]}"#, #"{"n":7}"#, #"{"n":7,"l":{}}"#, #"{"n":7,"l":[1]}"#,
    #"{"n":7,"l":[{}]}"#, #"{"n":7.5,"l":[]}"#,
  ])
  func `what is missing or of another kind is remembered`(text: String) throws {
    var members = try read(text)
    _ = members.integer("n")
    _ = members.list("l") { $0.string("s") }
    #expect(!members.isComplete)
  }

  @Test func `a condition of the reader counts, too`() throws {
    var members = try read("{}")
    members.require(true)
    #expect(members.isComplete)
    members.require(false)
    members.require(true)
    #expect(!members.isComplete)
  }

  @Test func `whoever expects no fractions refuses them`() {
    let limits = JSONLimits(readFraction: JSONLimits.refuseFractions)
    expectRefused("[1.5]", .numberOutOfRange, at: 1, limits: limits)
    expectRefused("1e2", .numberOutOfRange, at: 0, limits: limits)
    #expect((try? JSON.parse(Array("-12".utf8), limits: limits)) == .integer(-12))
  }
}

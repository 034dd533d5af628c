import JSON
import Shop
import Testing

/// `#expect` cannot call what mutates.
private func expect<T: Equatable>(_ found: T, _ wanted: T, _ place: SourceLocation = #_sourceLocation) {
  #expect(found == wanted, sourceLocation: place)
}

private func reader(_ text: String) -> BodyReader { BodyReader(try? JSON.parse(text)) }

struct BodyReaderTests {
  @Test func `a good body is read without a complaint`() {
    var body = reader(
      #"""
      {"name":"Shirt","note":null,"count":3,"big":2.0,"on":true,"price":{"amount":5,"currency":"EUR"},
       "tags":["a","b"],"address":{"city":"Köln"},"lines":[{"id":"x"},{"id":"y"}],"unknown":{}}
      """#)
    expect(body.string("name"), "Shirt")
    expect(body.optionalString("note"), nil)
    expect(body.optionalString("absent"), nil)
    expect(body.integer("count", in: 0...3), 3)
    expect(body.integer("big", in: 0...3), 2)
    expect(body.bool("on"), true)
    expect(body.money("price", currency: "EUR"), Money(5, "EUR"))
    expect(body.strings("tags", count: 0...5), ["a", "b"])
    expect(body.object("address") { $0.string("city") }, "Köln")
    expect(body.objects("lines", count: 1...2) { $0.string("id") }, ["x", "y"])
    #expect(body.isValid)
  }

  @Test func `a number too large for an integer is out of range, a fraction is no integer`() {
    var body = BodyReader(.object(JSONObject([("huge", .number(1e20)), ("half", .number(0.5))])))
    _ = body.integer("huge", in: 1...999)
    _ = body.integer("half", in: 1...999)
    expect(
      body.errors,
      [
        FieldError(pointer: "/huge", detail: "must be 1 to 999"),
        FieldError(pointer: "/half", detail: "must be an integer"),
      ])
  }

  @Test func `everything that is wrong is told at once, with its pointer`() {
    var body = reader(
      #"""
      {"name":7,"text":"a\u0007b","blank":"  ","long":"abcd","count":"3","far":10,"on":1,
       "price":{"amount":-1,"currency":"EUR"},"dollars":{"amount":1,"currency":"USD"},"cents":{"amount":1.5},
       "tags":["a",2],"address":{"city":""},"lines":[{"id":"x"},{},7],"many":[1,2,3]}
      """#)
    _ = body.string("missing")
    _ = body.string("name")
    _ = body.string("text")
    _ = body.string("blank")
    _ = body.string("long", length: 1...3)
    _ = body.integer("count", in: 0...9)
    _ = body.integer("far", in: 0...9)
    _ = body.bool("on")
    _ = body.money("price", currency: "EUR")
    _ = body.money("dollars", currency: "EUR")
    _ = body.money("cents", currency: "EUR")
    _ = body.strings("tags", count: 0...5)
    _ = body.object("address") { $0.string("city") }
    _ = body.objects("lines", count: 1...5) { $0.string("id") }
    _ = body.array("many", count: 0...2)
    #expect(
      body.errors.map(\.pointer) == [
        "/missing", "/name", "/text", "/blank", "/long", "/count", "/far", "/on", "/price/amount",
        "/dollars/currency", "/cents/amount", "/cents/currency", "/tags/1", "/address/city", "/lines/1/id",
        "/lines/2", "/many",
      ])
    #expect(body.problem?.type == .invalid)
    #expect(body.problem?.statusCode == 422)
  }

  @Test func `a body that is no object is one error at the whole`() {
    for text in ["[]", "7", "null", "\"x\""] {
      var body = reader(text)
      _ = body.string("name")
      _ = body.integer("count", in: 0...1)
      #expect(body.errors.map(\.pointer) == [""])
    }
  }

  @Test func `lines may have line feeds, others may not`() {
    var body = reader(#"{"text":"a\n\tb"}"#)
    expect(body.string("text", lines: true), "a\n\tb")
    #expect(body.isValid)
    _ = body.string("text")
    #expect(!body.isValid)
  }

  @Test func `lengths count Unicode scalars`() {
    var body = reader(#"{"text":"äöü👍"}"#)
    expect(body.string("text", length: 4...4), "äöü👍")
    #expect(body.isValid)
  }

  @Test func `no more than 50 errors are gathered`() {
    var body = reader("{}")
    for index in 0..<60 { _ = body.string("field\(index)") }
    #expect(body.errors.count == BodyReader.maximumErrors)
  }
}

struct ProblemTests {
  @Test func `a problem document has its members in order`() throws {
    let problem = Problem(
      .shortage, "Take fewer.", errors: [FieldError(pointer: "/a", detail: "b")]
    ).with("shortages") { $0.array { $0.value(1) } }
    #expect(
      String(decoding: problem.document, as: UTF8.self)
        == #"{"type":"/problems/shortage","title":"Not enough in stock","status":409,"detail":"Take fewer.","#
        + #""errors":[{"pointer":"/a","detail":"b"}],"shortages":[1]}"#)
  }

  @Test func `every type has a path of its own that is found again`() {
    #expect(Set(ProblemType.allCases.map(\.path)).count == ProblemType.allCases.count)
    for type in ProblemType.allCases {
      #expect(ProblemType(path: type.path) == type)
      #expect((400...599).contains(type.statusCode))
    }
    #expect(ProblemType(path: "/problems/else") == nil)
  }

  @Test func `answers carry the fields their status asks for`() {
    #expect(Problem.unavailable.response["retry-after"] == "2")
    #expect(Problem.timeout.response["retry-after"] == "2")
    #expect(Problem(.unauthorized, "").response["www-authenticate"] == "Bearer")
    let response = Problem.notFound("cart").response
    #expect(response["content-type"] == "application/problem+json")
    #expect(response["retry-after"] == nil)
  }
}

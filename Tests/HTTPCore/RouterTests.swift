import Bytes
import HTTPCore
import Testing

@Suite struct RouterTests {
  enum Page: Equatable {
    case home, list, create, read, batch, importing, image, static_, tags, line, deep, fixed
  }

  private let router = Router<Page>([
    Route(.get, "/", .home), Route(.get, "/products", .list), Route(.post, "/products", .create),
    Route(.get, "/products/{id}", .read), Route(.get, "/products:batch", .batch),
    Route(.post, "/products/import", .importing), Route(.get, "/products/{id}/image", .image),
    Route(.put, "/products/{id}/image", .image), Route(.get, "/static/{path...}", .static_),
    Route(.get, "/static/tags", .tags), Route(.put, "/carts/{id}/items/{product}", .line),
    Route(.get, "/a/{x}/c", .deep), Route(.get, "/a/b/d", .fixed),
  ])

  private func match(_ method: Method, _ path: String) -> String {
    let bytes = Array(path.utf8)
    switch router.match(method, path: bytes.span.bytes) {
    case .route(let page, let template, let parameters):
      let name = template.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
      return ([("\(page) \(name)")] + (0..<parameters.count).map { parameters[$0] }).joined(separator: " | ")
    case .methodNotAllowed(let allow): return "allow " + allow
    case .notFound: return "none"
    }
  }

  @Test func `literal segments and parameters are matched whole`() {
    #expect(match(.get, "/") == "home /")
    #expect(match(.get, "") == "home /")
    #expect(match(.get, "/products") == "list /products")
    #expect(match(.post, "/products") == "create /products")
    #expect(match(.get, "/products/p1") == "read /products/{id} | p1")
    #expect(match(.get, "/products:batch") == "batch /products:batch")
    #expect(match(.get, "/products/p1/image") == "image /products/{id}/image | p1")
    #expect(match(.put, "/carts/c/items/p") == "line /carts/{id}/items/{product} | c | p")
  }

  @Test func `another path is none`() {
    for path in [
      "/product", "/productss", "/Products", "/products/", "//products", "/products//image", "/products/p1/",
      "products",
      "/products/p1/image/x", "/products:", "/carts/c/items", "/carts/c/items/", "/static", "/static/", "*",
      "/%70roducts", "/products/../products",
    ] {
      #expect(match(.get, path) == "none", "\(path)")
    }
  }

  @Test func `a literal wins over a parameter, and gives way when it leads nowhere`() {
    #expect(match(.post, "/products/import") == "importing /products/import")
    #expect(match(.get, "/products/import") == "read /products/{id} | import")
    #expect(match(.get, "/a/b/d") == "fixed /a/b/d")
    #expect(match(.get, "/a/b/c") == "deep /a/{x}/c | b")
    #expect(match(.get, "/static/tags") == "tags /static/tags")
    #expect(match(.get, "/static/tags/x") == "static_ /static/{path...} | tags/x")
  }

  @Test func `the rest of a path is one parameter`() {
    #expect(match(.get, "/static/css/a%20b.css") == "static_ /static/{path...} | css/a b.css")
    #expect(match(.get, "/static//") == "static_ /static/{path...} | /")
    #expect(match(.get, "/static/a%2fb") == "none")
  }

  @Test func `HEAD is GET, and a wrong method names the right ones`() {
    #expect(match(.head, "/products/p1") == "read /products/{id} | p1")
    #expect(match(.delete, "/products") == "allow GET, HEAD, POST, OPTIONS")
    #expect(match(.delete, "/products/import") == "allow GET, HEAD, POST, OPTIONS")
    #expect(match(.post, "/products/p1/image") == "allow GET, HEAD, PUT, OPTIONS")
    #expect(match(.get, "/carts/c/items/p") == "allow PUT, OPTIONS")
    #expect(match(.options, "/") == "allow GET, HEAD, OPTIONS")
    #expect(match(.head, "/carts/c/items/p") == "allow PUT, OPTIONS")
    #expect(match(.delete, "/nothing") == "none")
  }

  @Test func `parameters are decoded, and what cannot be decoded is none`() {
    #expect(match(.get, "/products/a%20b+c") == "read /products/{id} | a b+c")
    #expect(match(.get, "/products/%C3%A9%3F") == "read /products/{id} | é?")
    for path in ["%2F", "a%2fb", "%00", "%FF", "%C3", "%ED%A0%80", "%4", "%", "%zz"] {
      #expect(match(.get, "/products/\(path)") == "none", "\(path)")
    }
  }

  @Test func `looking up leaves the parameters where they are`() {
    let path = Array("/carts/abc/items/de".utf8)
    guard case .route(let index, let parameters) = router.find(.put, path: path.span.bytes) else {
      Issue.record("no route")
      return
    }
    #expect(router.routes[index].value == .line)
    #expect(parameters.count == 2)
    #expect(parameters[0] == 7..<10)
    #expect(parameters[1] == 17..<19)
  }

  @Test func `a template of four parameters is the longest`() {
    let router = Router<Int>([Route(.get, "/{a}/{b}/{c}/{d...}", 1)])
    let path = Array("/1/2/3/4/5".utf8)
    guard case .route(1, _, let parameters) = router.match(.get, path: path.span.bytes) else {
      Issue.record("no route")
      return
    }
    #expect((0..<4).map { parameters[$0] } == ["1", "2", "3", "4/5"])
  }

  @Test func `a router of no routes finds nothing`() {
    let path = Array("/".utf8)
    if case .notFound = Router<Int>([]).match(.get, path: path.span.bytes) { return }
    Issue.record("found")
  }
}

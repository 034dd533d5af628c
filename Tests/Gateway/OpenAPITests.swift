import Bytes
import CartAPI
import CheckoutAPI
import JSON
import MachineTesting
import Shop
import Testing

@testable import Cart
@testable import Catalog
@testable import Checkout
@testable import Gateway

struct OpenAPITests {
  private let document: JSON

  init() throws {
    document = try JSON.parse(OpenAPIDocument(try ServiceSettings(KeyedLines(TestShop.settings)).shop).bytes)
  }

  /// `get /api/v1/products`, for every rule but those between services.
  private func operations<Route>(_ rules: [RouteRule<Route>]) -> Set<String> {
    Set(
      rules.filter { $0.access != .internal }.map {
        $0.method.name.description.lowercased() + " " + $0.template.description
      })
  }

  /// What `$0` says about each rule, by the operation's name in `operations`.
  private func described(_ member: (JSON) -> Bool) -> Set<String> {
    var found: Set<String> = []
    for (template, item) in document["paths"]?.object?.members ?? [] {
      for (method, operation) in item.object?.members ?? [] where member(operation) {
        found.insert(method + " /api/v1" + template)
      }
    }
    return found
  }

  private func declared(_ where: (RouteAccess, RouteBody, Bool) -> Bool) -> Set<String> {
    func pick<Route>(_ rules: [RouteRule<Route>]) -> Set<String> {
      operations(rules.filter { `where`($0.access, $0.body, $0.needsIfMatch) })
    }
    return pick(CatalogRoute.rules()).union(pick(CartRoute.rules)).union(pick(CheckoutRoute.rules()))
  }

  @Test func `every public path and method of the services is described, and nothing else`() {
    #expect(described { _ in true } == declared { _, _, _ in true })
    #expect(document["servers"]?.array?.first?["url"]?.string == "/api/v1")
  }

  @Test func `who needs the admin token, a body or If-Match is told so`() {
    #expect(described { $0["security"] != nil } == declared { access, _, _ in access == .admin })
    #expect(described { $0["responses"]?["401"] != nil } == declared { access, _, _ in access == .admin })
    #expect(
      described { $0["requestBody"]?["required"]?.bool == true } == declared { _, body, _ in body != .none })
    #expect(
      described { $0["responses"]?["428"] != nil } == declared { _, _, needsIfMatch in needsIfMatch })
  }

  @Test func `every reference leads somewhere`() {
    var broken: [String] = []
    func walk(_ json: JSON) {
      if let reference = json["$ref"]?.string {
        var place: JSON? = document
        for part in reference.split(separator: "/").dropFirst() { place = place?[String(part)] }
        if place == nil { broken.append(reference) }
      }
      for member in json.object?.members ?? [] { walk(member.value) }
      for element in json.array ?? [] { walk(element) }
    }
    walk(document)
    #expect(broken == [])
  }

  @Test func `every parameter of a path is described`() {
    for (template, item) in document["paths"]?.object?.members ?? [] {
      for (method, operation) in item.object?.members ?? [] {
        let names = (operation["parameters"]?.array ?? []).compactMap { reference -> String? in
          guard let name = reference["$ref"]?.string?.split(separator: "/").last else { return nil }
          let parameter = document["components"]?["parameters"]?[String(name)]
          return parameter?["in"]?.string == "path" ? parameter?["name"]?.string : nil
        }
        let wanted = template.components(of: "{").dropFirst().map { $0.components(of: "}")[0] }
        #expect(names == wanted, "\(method) \(template)")
      }
    }
  }

  /// Every operation, as `post /carts`.
  private var described: [(name: String, operation: JSON)] {
    (document["paths"]?.object?.members ?? []).flatMap { path in
      (path.value.object?.members ?? []).map { ($0.key + " " + path.key, $0.value) }
    }
  }

  @Test func `what any such request can meet is said of each operation`() {
    #expect(!described.isEmpty)
    for (name, operation) in described {
      var wanted: Set = ["400", "503", "504", "default"]
      if operation["security"] != nil { wanted.insert("401") }
      if name.contains("{") { wanted.insert("404") }
      if operation["requestBody"] != nil { wanted.formUnion(["413", "415", "422"]) }
      let parameters = (operation["parameters"]?.array ?? []).compactMap { $0["$ref"]?.string }
      if parameters.contains("#/components/parameters/ifMatch") { wanted.insert("412") }
      if parameters.contains("#/components/parameters/ifMatchNeeded") { wanted.formUnion(["412", "428"]) }
      let said = Set((operation["responses"]?.object?.members ?? []).map { $0.key })
      #expect(wanted.isSubset(of: said), "\(name)")
    }
  }

  @Test func `each problem is said with its status and its title, and none is made up`() {
    func expect(_ response: JSON?, _ status: String, _ place: String, whole: Bool) {
      let problem = response?["content"]?["application/problem+json"]?["schema"]?["properties"]?["type"]?[
        "enum"]
      let paths = (problem?.array ?? []).compactMap { $0.string }
      let types = ProblemType.allCases.filter { paths.contains($0.path) }
      #expect(types.count == paths.count && !types.isEmpty, "\(place)")
      #expect(types.allSatisfy { String($0.statusCode) == status }, "\(place)")
      if whole {
        #expect(types == ProblemType.allCases.filter { String($0.statusCode) == status }, "\(place)")
      }
      let titles = (response?["description"]?.string ?? "").components(of: ", or: ")
      #expect(Set(titles) == Set(types.map { $0.title.description }), "\(place)")
    }
    for (status, response) in document["components"]?["responses"]?.object?.members ?? []
    where status != "default" { expect(response, status, status, whole: true) }
    for (name, operation) in described {
      if let conflict = operation["responses"]?["409"] { expect(conflict, "409", name, whole: false) }
    }
    let schemas = document["components"]?["schemas"]
    #expect(schemas?["ProblemType"]?["enum"] == .array(ProblemType.allCases.map { .string($0.path) }))
    #expect(schemas?["OrderState"]?["enum"] == .array(OrderState.allCases.map { .string($0.rawValue) }))
  }

  @Test func `operation ids are unique`() {
    var ids: [String] = []
    for (_, item) in document["paths"]?.object?.members ?? [] {
      for (_, operation) in item.object?.members ?? [] { ids.append(operation["operationId"]?.string ?? "") }
    }
    #expect(Set(ids).count == ids.count && !ids.contains(""))
  }

  @Test func `limits are the services' own`() {
    let schemas = document["components"]?["schemas"]
    func property(_ schema: String, _ name: String) -> JSON? { schemas?[schema]?["properties"]?[name] }
    #expect(schemas?["Line"]?["maxLength"]?.integer == Int64(CatalogLimits.nameLength))
    #expect(schemas?["Description"]?["maxLength"]?.integer == Int64(CatalogLimits.descriptionLength))
    #expect(schemas?["Tags"]?["maxItems"]?.integer == Int64(CatalogLimits.tagCount))
    #expect(schemas?["Tags"]?["items"]?["maxLength"]?.integer == Int64(CatalogLimits.tagLength))
    let searched = document["components"]?["parameters"]?["tag"]?["schema"]
    #expect(searched?["maxItems"]?.integer == Int64(CatalogLimits.searchTagCount))
    #expect(searched?["items"]?["maxLength"]?.integer == Int64(CatalogLimits.tagLength))
    #expect(schemas?["Pieces"]?["maximum"]?.integer == CatalogLimits.stockCount)
    #expect(property("Price", "amount")?["maximum"]?.integer == Money.maximumPrice)
    #expect(property("ProductImport", "items")?["maxItems"]?.integer == Int64(CatalogLimits.importSize))
    #expect(property("Cart", "items")?["maxItems"]?.integer == Int64(CartAPI.Cart.maximumLines))
    #expect(property("Quantity", "quantity")?["maximum"]?.integer == CartAPI.Cart.maximumQuantity)
    #expect(property("AddressInput", "city")?["maxLength"]?.integer == Int64(CheckoutLimits.townLength))
    #expect(
      property("AddressInput", "postalCode")?["maxLength"]?.integer == Int64(CheckoutLimits.postalCodeLength))
    #expect(property("AddressInput", "phone")?["maxLength"]?.integer == Int64(CheckoutLimits.phoneLength))
    #expect(property("OrderRequest", "email")?["maxLength"]?.integer == Int64(EmailAddress.maximumLength))
  }

  @Test func `it speaks of this shop's currency, countries and shipping methods`() {
    let schemas = document["components"]?["schemas"]
    #expect(schemas?["Currency"]?["enum"] == .array([.string("EUR")]))
    #expect(schemas?["Country"]?["enum"] == .array([.string("DE"), .string("FR")]))
    #expect(schemas?["ShippingMethodId"]?["enum"] == .array([.string("standard"), .string("express")]))
  }

  @Test func `it is served with its tag, as HEAD, and as 304`() {
    let (get, head, again) = withLoop { machine in
      let shop = TestShop(machine)
      let get = await shop.exchange("GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      let tag = get.components(of: "etag: ").dropFirst().first?.components(of: "\r\n")[0] ?? "?"
      return (
        get, await shop.exchange("HEAD /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        await shop.exchange(
          "GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIf-None-Match: \(tag)\r\n\r\n")
      )
    }
    #expect(get.hasPrefix("HTTP/1.1 200 ") && get.contains("\r\ncontent-type: application/json\r\n"))
    #expect(
      get.components(of: "\r\n\r\n").dropFirst().first?.hasPrefix("{\"openapi\":\"3.1.1\"") == true)
    #expect(head.hasPrefix("HTTP/1.1 200 ") && head.hasSuffix("\r\n\r\n"))
    #expect(again.hasPrefix("HTTP/1.1 304 ") && again.hasSuffix("\r\n\r\n"))
  }
}

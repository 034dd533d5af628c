import Testing

@testable import Gateway

struct RoutingTableTests {
  private func destination(_ path: String) -> Destination {
    let bytes = Array(path.utf8)
    return RoutingTable.destination(of: bytes.span.bytes)
  }

  @Test(arguments: [
    ("/api/v1/products", Destination.Peer.catalog), ("/api/v1/products/x", .catalog),
    ("/api/v1/products:batch", .catalog), ("/api/v1/products:import", .catalog),
    ("/api/v1/products/x/image", .catalog), ("/api/v1/tags", .catalog), ("/api/v1/carts", .cart),
    ("/api/v1/carts/x/items/y", .cart), ("/api/v1/checkouts", .checkout),
    ("/api/v1/orders/x/cancel", .checkout),
    ("/api/v1/shipping-methods", .checkout), ("/api/v1/%70roducts", .catalog),
  ])
  func `the API's paths go to their service`(path: String, peer: Destination.Peer) {
    #expect(destination(path) == .service(peer))
  }

  @Test(arguments: [
    "/api", "/api/", "/api/v1", "/api/v2/products", "/api/v1/productsx", "/api/v1/internal/v1/holds",
    "/api/v1/livez", "/api/v1/metrics",
  ])
  func `the rest below api is unknown`(path: String) {
    #expect(destination(path) == .unknown)
  }

  @Test(arguments: ["", "/", "/cart", "/internal/v1/holds", "/metrics", "/livez", "/readyz", "/apix", "/..."])
  func `everything else is the storefront's, which has no such pages`(path: String) {
    #expect(destination(path) == .storefront)
  }

  @Test(arguments: [
    "/api/v1/products/../../../internal/v1/x", "/api/v1/%2e%2e/%2E%2e/internal", "/api/v1/.%2e/x", "/.",
    "/./api",
    "/api/v1/products/..", "/api/v1/carts%2f..%2finternal", "/api/v1/products/a%2Fb", "/api/v1/a%5Cb",
    "/a\\b",
    "//api/v1/products", "/api//v1/products", "/api/v1/products/%00", "/api/v1/products/%0a", "/api/%zz",
    "/api/%4", "api",
  ])
  func `a path that two readers could take differently is refused`(path: String) {
    #expect(destination(path) == .ambiguous)
  }

  @Test func `only a product's picture may be large`() {
    func isPicture(_ path: String) -> Bool {
      let bytes = Array(path.utf8)
      return RoutingTable.isPicture(bytes.span.bytes)
    }
    #expect(isPicture("/api/v1/products/x/image"))
    #expect(!isPicture("/api/v1/products/x/image/y"))
    #expect(!isPicture("/api/v1/products/image"))
    #expect(!isPicture("/api/v1/products/x"))
  }
}

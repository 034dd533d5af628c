import HTTP
import HTTPCore
import MachineTesting
import Shop
import Testing

@testable import Gateway

/// A head that the gateway takes is one that a service takes, with what the gateway adds to it.
struct HeadLimitTests {
  private func answer(_ fields: String, _ target: String = "/api/v1/products/x") -> String {
    withLoop { machine in
      let catalog = TestShop.serve(machine) { _ in .text(.ok, "taken") }
      return await TestShop(machine, catalog: catalog).exchange(
        "GET \(target) HTTP/1.1\r\n\(fields)X-Request-ID: \(String(repeating: "i", count: 128))\r\n\r\n")
    }
  }

  @Test func `as many fields as the gateway takes reach the service`() {
    let lines = "Host: a\r\n" + String(repeating: "X: y\r\n", count: HTTPLimits().maximumFieldCount - 2)
    #expect(answer(lines).hasPrefix("HTTP/1.1 200 "))
    #expect(answer(lines + "X: y\r\n").hasPrefix("HTTP/1.1 431 "))
  }

  @Test func `as many bytes as the gateway takes reach the service, with a long host in the target, too`() {
    // The id's line, "Host: a", and "X: ".
    let rest = HTTPLimits().maximumHeaderByteCount - (14 + 128 + 2) - 9 - 5
    let host = String(repeating: "\(String(repeating: "h", count: 60)).", count: 4)
    for target in ["/api/v1/products/x", "http://\(host)/api/v1/products/x"] {
      let lines = "Host: a\r\nX: " + String(repeating: "y", count: rest)
      #expect(answer(lines + "\r\n", target).hasPrefix("HTTP/1.1 200 "))
      #expect(answer(lines + "y\r\n", target).hasPrefix("HTTP/1.1 431 "))
    }
  }
}

import Cryptography
import Foundation
import Glibc
import JSON
import Testing

@testable import SoukKit

extension EndToEnd {
  /// What only concerns a shop of domains on real Xen: `souk lab test` runs it, after what every shop is tested with.
  @Suite(.oneShop, .enabled(if: TestShop.lab != nil, "needs a lab: ./souk lab test")) struct Domains {
    let shop: TestShop

    init() throws { shop = try theShop() }

    private func domain(_ service: String) throws -> JSON {
      let rows = try #require(shop.status()["services"]?.array)
      return try #require(rows.first { $0["service"]?.string == service })
    }

    @Test func `each service is a domain of its own, by the image that was built`() throws {
      let status = try shop.status()
      #expect(status["target"]?.string == "xen")
      let rows = try #require(status["services"]?.array)
      #expect(Set(rows.compactMap { $0["domainIdentifier"]?.integer }).count == 4)
      for kind in ServiceKind.allCases {
        let bytes = try #require(Files.read("\(Checkout.images)/\(kind.rawValue).elf"))
        let sum = try shop.dom0("sha256sum \(Lab.placeInDom0)/\(kind.rawValue).elf")
        #expect(sum.hasPrefix(Hex.encode(SHA256.hash(bytes))), "\(sum)")
      }
      let table = try CommandLineTool.run(["status", "--data", shop.folder])
      #expect(table.output.contains("souk-gateway") && table.output.contains("VCPU TIME"), "\(table.errors)")
    }

    @Test func `a command in dom0 ends with its own exit code`() throws {
      let answer = try CommandLineTool.run(
        ["lab", "shell", "--data", shop.folder, "echo one; echo two >&2; exit 7"])
      #expect(answer.exitCode == 7)
      #expect(answer.output == "one\ntwo")
    }

    @Test func `only the gateway can be reached from outside, and only its storefront`() throws {
      // A host of its own on the outside bridge, which takes whoever is asked for its router.
      let script = """
        unshare -n sleep 300 &
        pid=$!
        sleep 1
        ip link add name outsider type veth
        ip link set veth0 netns $pid
        brctl addif xenbr0 outsider
        ip link set outsider up
        # The services' own bridge, for comparison.
        inside() { printf 'GET /readyz HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | timeout 10 nc $1 $2 2>&1 | head -n 1; }
        for last in 1 2 3; do echo "inside $last: $(inside 10.83.0.1$last 80)"; done
        nsenter -t $pid -n sh -c '
          get() { printf "GET $3 HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n" | timeout ${4:-2} nc $1 $2 2>&1 | head -n 1; }
          ip link set veth0 up
          ip addr add 10.0.2.30/24 dev veth0
          sleep 1
          echo "storefront: $(get 10.0.2.20 80 / 10)"
          echo "gateway admin: $(get 10.0.2.20 81 /readyz)"
          for router in 10.0.2.15 10.0.2.20; do
            ip route add 10.83.0.0/24 via $router
            for last in 1 2 3 4; do echo "by $router to $last: $(get 10.83.0.1$last 80 /readyz)"; done
            echo "by $router to 4 admin: $(get 10.83.0.14 81 /readyz)"
            ip route del 10.83.0.0/24
          done'
        ip link set outsider down
        kill $pid
        """
      let output = try shop.dom0(script)
      let lines = output.split(whereSeparator: \.isNewline).filter { $0.contains(": ") }
      func answered(_ start: String) -> [Substring] {
        lines.filter { $0.hasPrefix(start) && $0.contains(": HTTP/1.1") }
      }
      #expect(answered("inside").count == 3, "\(output)")
      #expect(answered("storefront").count == 1, "\(output)")
      #expect(answered("by").isEmpty && answered("gateway admin").isEmpty, "\(output)")
      #expect(lines.filter { $0.hasPrefix("by") }.count == 10, "\(output)")
    }

    @Test(arguments: ["cart", "gateway"])
    func `a domain that is started anew is another one, and knows what the one before knew`(_ service: String)
      throws
    {
      let product = try #require(shop.makeProduct("Anew Anvil", onHand: 3)["id"]?.string)
      let buyer = try Buyer(shop)
      try buyer.put(product, 2)
      let before = try domain(service)["domainIdentifier"]
      try shop.dom0("cd \(Lab.placeInDom0) && ./up.sh \(service)")
      #expect(try domain(service)["domainIdentifier"] != before)
      let cart = try persistently { () throws -> Client.Answer in
        let answer = try shop.client.get("/api/v1/carts/\(buyer.cart)")
        guard answer.status == 200 else { throw NotNow(answer) }
        return answer
      }
      #expect(cart.json["items"]?.array?.first?["quantity"]?.integer == 2)
    }

    @Test func `a catalog that is destroyed in the middle of orders loses none, and nothing is sold twice`()
      throws
    {
      let received: Int64 = 200
      let product = try #require(shop.makeProduct("Destroyed Drum", onHand: Int(received))["id"]?.string)
      let progress = Progress()
      let answers = concurrently(4) { index in
        Result { () throws -> [String] in
          guard index == 3 else { return try keepBuying(product, in: shop, progress) }
          defer { progress.finish() }
          progress.wait(until: 6)
          try shop.dom0("xl destroy souk-catalog && cd \(Lab.placeInDom0) && ./up.sh catalog")
          progress.wait(until: 16)
          return []
        }
      }
      let places = try answers.flatMap { try $0.get() }
      #expect(places.count >= 16 && Set(places).count == places.count)
      for place in places { #expect(try shop.client.get(place).json["state"]?.string == "captured") }
      let sold = soldPieces(of: product, in: try shop.orders())
      #expect(sold == Int64(places.count))
      #expect(try shop.available(product) + sold == received)
    }

    @Test(arguments: [
      // Restored from a file, by another number.
      "xl save souk-cart /tmp/cart.save && xl restore /tmp/cart.save && rm /tmp/cart.save",
      // A checkpoint: the same domain goes on, and must be told so.
      "xl save -c souk-cart /tmp/cart.save && rm /tmp/cart.save",
      // Its disk's backend goes in the midst of it, and another one comes.
      """
      device=vbd-$(xl domid souk-cart)-51712
      cd /sys/bus/xen-backend/drivers/vbd
      echo $device >unbind && sleep 1 && echo $device >bind
      """,
    ]) func `a cart that is saved, or loses its disk's backend, goes on where it was`(command: String) throws
    {
      let product = try #require(shop.makeProduct("Saved Saw", onHand: 5)["id"]?.string)
      let buyer = try Buyer(shop)
      try buyer.put(product, 3)
      try shop.dom0(command)
      let order = try persistently { () throws -> Client.Answer in
        let answer = try buyer.buy()
        guard answer.status == 201 else { throw NotNow(answer) }
        return answer
      }
      #expect(try shop.client.get(#require(order.field("location"))).json["state"]?.string == "captured")
    }

    @Test func `ten thousand requests through the gateway are all answered`() throws {
      let count = 10_000
      let threads = 4
      let answers = concurrently(threads) { _ in
        Result { () throws -> Int in
          let client = shop.client
          var good = 0
          for _ in 0..<count / threads where try client.get("/api/v1/products?limit=1").status == 200 {
            good += 1
          }
          return good
        }
      }
      #expect(try answers.map { try $0.get() }.reduce(0, +) == count)
      #expect(try shop.status()["services"]?.array?.allSatisfy { $0["state"]?.string == "ready" } == true)
    }
  }
}

import EventLoop
import MachineTesting
import Platform
import Testing

@testable import Gateway

/// How long the gateway waits, and for what.
struct PatienceTests {
  @Test func `who gets no connection within two seconds is told 503, and who gets one has all of its time`() {
    let clock = ManualClock()
    let (refused, patient) = withLoop(clock: clock) { machine -> (String, String) in
      let (first, asked, second) = (Signal(), Signal(), Signal())
      let upstream = ScriptedUpstream(machine) { peer, number in
        await peer.readHead()
        if number == 1 {
          await first.wait()
          await peer.send(ok)
          await peer.readHead()
          asked.notify()
          await second.wait()
          await peer.send(ok)
        }
        await peer.readToEnd()
      }
      func turn() async { await machine.loop.sleep(until: machine.loop.now) }
      let shop = TestShop(machine, catalog: upstream.endpoint)
      let pool = shop.gateway.proxies[Destination.Peer.catalog.rawValue].client.pool
      var clients: [RawClient] = []
      for _ in 0..<Gateway.maximumConnectionsPerService {
        let client = await shop.connect()
        await client.send(get)
        clients.append(client)
      }
      while upstream.connectionCount < Gateway.maximumConnectionsPerService { await turn() }
      let late = await shop.connect()
      await late.send(get)
      while pool.waitingCount < 1 { await turn() }
      clock.advance(by: .seconds(1))
      let patient = await shop.connect()
      await patient.send(get)
      while pool.waitingCount < 2 { await turn() }
      clock.advance(by: .seconds(1))
      let refused = await late.read { $0.contains("\r\n\r\n") }
      first.notify()
      await asked.wait()
      // More than is left of fifteen seconds that began before the wait.
      clock.advance(by: Proxy.patience - .milliseconds(500))
      // Its time-out, were there one, would be seen in the first of them.
      for _ in 0..<3 { await turn() }
      second.notify()
      let answer = await patient.read { $0.hasSuffix("ok") }
      for client in clients + [late, patient] { client.stream.close() }
      return (refused, answer)
    }
    #expect(refused.hasPrefix("HTTP/1.1 503 "))
    #expect(refused.contains("retry-after: "))
    #expect(patient.hasPrefix("HTTP/1.1 200 "))
  }
}

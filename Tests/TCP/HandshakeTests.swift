import Testing
import Wire

@testable import TCP

@Suite struct `The handshake` {
  @Test func `opens with SYN and is established by SYN-ACK (RFC 9293 §3.5, figure 6)`() throws {
    let script = try Script(isPassive: false)
    #expect(script.connection.state == .synSent)
    script.expect(.syn, 0, ack: -77_000, count: 0)
    #expect(try script.peer([.syn, .ack], 0, ack: 1).contains(.established))
    script.expect(.ack, 1, ack: 1, count: 0)
    #expect(script.connection.state == .established)
    script.expectNothing()
  }
}

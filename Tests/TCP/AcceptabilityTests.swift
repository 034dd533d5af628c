import Testing
import Wire

@testable import TCP

@Suite struct `A segment is acceptable (RFC 9293 §3.10.7.4, table 6)` {
  private func established(window: Int = 4096) throws -> Script {
    var configuration = Configuration()
    configuration.initialReceiveWindowByteCount = window
    configuration.maximumReceiveWindowByteCount = window
    return try Script.established(.plain, configuration)
  }

  /// Whether a segment was taken.
  private func isTaken(_ script: Script, _ place: Int, _ count: Int) throws -> Bool {
    let dropped = script.counters.droppedOutsideWindow
    try script.data(place, count)
    script.takeAll()
    return script.counters.droppedOutsideWindow == dropped
  }

  @Test func `when it begins in the window`() throws {
    #expect(try isTaken(established(), 1, 1))
    #expect(try isTaken(established(), 4096, 1))
    #expect(try isTaken(established(), 4096, 100))
    #expect(try !isTaken(established(), 4097, 1))
    #expect(try !isTaken(established(), 1 << 31, 1))
  }

  @Test func `when it ends in the window`() throws {
    let script = try established()
    try script.data(1, 100)
    script.takeAll()
    #expect(try isTaken(script, 51, 100))
    #expect(script.read() == stream(150))
    #expect(try !isTaken(script, 51, 100))
  }

  @Test func `without data when it stands in the window or at its edge`() throws {
    #expect(try isTaken(established(), 1, 0))
    #expect(try isTaken(established(), 4096, 0))
    // A peer that filled the window has no other number for its ACKs.
    #expect(try isTaken(established(), 4097, 0))
    #expect(try !isTaken(established(), 4098, 0))
    #expect(try !isTaken(established(), 0, 0))
  }

  @Test func `and what lies beyond the window is cut off`() throws {
    let script = try established()
    try script.data(1, 5000)
    script.expect(.ack, 1, ack: 4097, window: 0)
    #expect(script.read() == stream(4096))
  }

  @Test func `into a closed window only as far as its ACK goes`() throws {
    let script = try established()
    script.write(10)
    try script.data(1, 4096)
    script.takeAll()
    try script.peer(.ack, 4097, ack: 11, stream(1, from: 4096))
    script.expect(.ack, 11, ack: 4097, window: 0)
    #expect(script.connection.unsentAndUnacknowledgedByteCount == 0)
    try script.peer(.ack, 4098, ack: 11, stream(1, from: 4097))
    #expect(script.counters.droppedOutsideWindow == 1)
    script.expect(.ack, 11, ack: 4097, window: 0)
    #expect(script.read() == stream(4096))
  }

  @Test func `FIN at RCV.NXT goes into a closed window`() throws {
    let script = try established()
    try script.data(1, 4096)
    script.takeAll()
    try script.peer([.fin, .ack], 4097)
    script.expect(.ack, 1, ack: 4098, window: 0)
    #expect(script.state == .closeWait)
  }

  @Test func `or is answered with an ACK of where we are`() throws {
    let script = try established()
    try script.data(10_000, 5)
    script.expect(.ack, 1, ack: 1)
    try script.data(-50, 5)
    script.expect(.ack, 1, ack: 1)
    script.expectNothing()
  }

  @Test func `or, with RST, is not answered`() throws {
    let script = try established()
    try script.peer(.rst, 5000)
    try script.peer(.rst, 0)
    script.expectNothing()
    #expect(script.state == .established)
  }

  @Test func `and dropped without ACK or any flag`() throws {
    let script = try established()
    for flags in [TCPFlags(), .psh, .fin, .urg] { try script.peer(flags, 1, stream(10)) }
    script.expectNothing()
    #expect(script.counters.droppedBadFlags == 4 && script.connection.readableByteCount == 0)
    #expect(script.state == .established)
  }

  @Test func `with URG, whose bytes are bytes (RFC 6093 §6)`() throws {
    let script = try established()
    try script.peer([.ack, .urg], 1, stream(10))
    #expect(script.read() == stream(10))
  }
}

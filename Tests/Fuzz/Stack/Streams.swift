import Bytes
import NetworkStack
import Platform
import Wire

/// Streams whose bytes say where they belong, so that what is lost, doubled or exchanged is found.
extension World {
  /// The byte at a place of a peer's stream, by its sequence number.
  static func byte(at number: SequenceNumber) -> UInt8 {
    UInt8(truncatingIfNeeded: (number.rawValue &* 0x9e37_79b1) >> 13)
  }

  /// Appends what stands in a peer's stream from `number` on.
  @_lifetime(output: copy output)
  static func append(_ byteCount: Int, at number: SequenceNumber, to output: inout OutputRawSpan) {
    for index in 0..<byteCount { output.append(byte(at: number + index)) }
  }

  /// Takes a connection from the listener.
  func accept() throws(NetworkError) {
    guard let stream = try listener?.accept() as? StackStream else { return }
    streams.append(stream)
    positions[ObjectIdentifier(stream)] = begin(of: stream)
  }

  /// The program lets go of a stream.
  func forget(_ index: Int) { positions[ObjectIdentifier(streams.remove(at: index))] = nil }

  private func begin(of stream: StackStream) -> SequenceNumber? {
    guard case .v4(let remote) = stream.peer.address else { return nil }
    return device.index(IPv4Address(rawValue: remote), stream.peer.port, stream.local.port)
      .flatMap { device.sessions[$0].begin }
  }

  /// Reads what is there and compares it.
  func read(_ stream: StackStream) {
    withUnsafeTemporaryAllocation(byteCount: 3_000, alignment: 8) { memory in
      var room = OutputRawSpan(buffer: memory, initializedCount: 0)
      let received: Received
      do throws(NetworkError) { received = try stream.receive(into: &room) } catch { return }
      guard case .bytes(let count) = received else { return }
      let identifier = ObjectIdentifier(stream)
      guard let start = positions[identifier] ?? begin(of: stream) else { return }
      for index in 0..<count {
        precondition(memory[index] == Self.byte(at: start + index), "another byte than the peer sent there")
      }
      positions[identifier] = start + count
    }
  }

  /// A peer opens a connection and all goes well.
  func establish(from source: IPv4Address, port: UInt16, beginningAt number: UInt32) {
    var header = TCPHeader(
      sourcePort: UInt16(2_000 + Int(number % 4)), destinationPort: port,
      sequenceNumber: SequenceNumber(number), acknowledgementNumber: SequenceNumber(0), flags: .syn,
      window: 0xffff)
    header.options.maximumSegmentSize = 1_460
    header.options.isSACKPermitted = true
    segment(header, from: source, payload: 0)
    // The first turn learns the peer's address, if need be; the next answers.
    for _ in 0..<3 { turn(after: 1_000) }
    guard let index = device.index(source, header.sourcePort, port) else { return }
    header.sequenceNumber = header.sequenceNumber + 1
    header.acknowledgementNumber = device.sessions[index].expected
    header.flags = .ack
    header.options = TCPOptions()
    segment(header, from: source, payload: 0)
    turn(after: 1_000)
    do throws(NetworkError) { try accept() } catch {}
  }

  /// A segment that fits, in fragments that come in an order of the input's, some twice or not at all.
  func sendInFragments() {
    guard let (header, session, byteCount) = fittingSegment() else { return }
    var ip = IPv4Header(
      source: session.remote, destination: Self.ours, protocol: .tcp,
      payloadByteCount: header.byteCount + byteCount)
    // The output covers the new array's memory, and is finished before it ends.
    let whole = [UInt8](unsafeUninitializedCapacity: header.byteCount + byteCount) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) {
        Self.append(byteCount, at: header.sequenceNumber + (header.flags.contains(.syn) ? 1 : 0), to: &$0)
      }
      count = output.finalize(for: memory)
    }
    ip.dontFragment = false
    ip.identification = UInt16(input.next())
    let step = 8 * (1 + input.below(30))
    let pieceCount = (whole.count + step - 1) / step
    for _ in 0..<min(12, pieceCount + input.below(3)) {
      let offset = input.below(pieceCount) * step
      let piece = whole[offset..<min(offset + step, whole.count)]
      ip.fragmentByteOffset = offset
      ip.moreFragments = piece.endIndex < whole.count
      ip.payloadByteCount = piece.count
      let header = ip
      frame(from: hardware(of: session.remote), .ipv4) { output in
        header.write(into: &output)
        for byte in piece { output.append(byte) }
      }
    }
  }
}

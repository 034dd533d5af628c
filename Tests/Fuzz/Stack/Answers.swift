import Bytes
import EventLoop
import NetworkStack
import Platform
import Wire

/// Servers that answer what the stack asks them, as it should be or nearly so.
extension World {
  /// A DHCP server answers the latest question.
  func answerDHCP() {
    guard let question = device.dhcpQuestion else { return }
    let kind = input.next()
    let transaction: UInt32
    let asked: DHCPv4MessageType
    do throws(WireError) {
      let message = try DHCPv4Message(validating: question.payload.span.bytes)
      transaction = message.transaction
      asked = message.type
    } catch { preconditionFailure("the stack sent what is no DHCP message") }
    let right: DHCPv4MessageType = asked == .discover ? .offer : .ack
    let type = kind & 7 == 7 ? [.nak, .offer, .ack, .decline][input.below(4)] : right
    var header = DHCPv4Header(
      type: type, transaction: kind & 0x18 == 0x18 ? input.word() : transaction,
      clientHardware: EthernetAddress(rawValue: device.hardwareAddress))
    header.isReply = true
    header.yourAddress = kind & 0x20 != 0 ? IPv4Address(rawValue: input.word()) : Self.ours
    let lease = kind & 0x40 != 0 ? input.word() : 600
    var more: [(DHCPv4Option, [UInt8])] = []
    if kind & 0x80 != 0 {
      let options: [DHCPv4Option] = [
        .renewalTime, .rebindingTime, .interfaceMTU, .classlessStaticRoutes, .domainNameServer, .subnetMask,
        .overload,
      ]
      for _ in 0..<1 + input.below(3) {
        let option = options[input.below(options.count)]
        more.append((option, (0..<input.below(13)).map { _ in input.next() }))
      }
    }
    datagram(from: Self.router, 67, to: 68, isBroadcast: true) { output in
      header.write(into: &output) { options in
        options.append(.serverIdentifier, addresses: Self.router)
        options.append(.leaseTime, number32: lease)
        options.append(.subnetMask, addresses: IPv4Address(255, 255, 255, 0))
        options.append(.router, addresses: Self.router)
        options.append(.domainNameServer, addresses: Self.router)
        for (option, data) in more { options.append(option, data: data) }
      }
    }
  }

  /// Somebody asks the stack for the address of a name.
  func lookUp() {
    guard let stack, lookupCount < 6 else { return }
    let name = ["a.example", "b.example", "c", "xn--.example", "10.0.0.9", ""][input.below(6)]
    let deadline = loop.now + .seconds(1 + input.below(40))
    lookupCount += 1
    // The driver runs every job of the task on the one thread there is.
    loop.spawn { [weak stack, self] in
      do throws(DNSFailure) { _ = try await stack?.resolve(name, until: deadline) } catch {}
      lookupCount -= 1
    }
  }

  /// A DNS server answers one of the latest queries, with what the input makes of the answer.
  func answerDNS() {
    guard !device.dnsQuestions.isEmpty else { return }
    let question = device.dnsQuestions[input.below(device.dnsQuestions.count)]
    let kind = input.next()
    var answer = question.payload
    answer[2] |= 0x80
    if kind & 1 != 0 { answer[3] = input.next() }
    // A pointer to the name of the question.
    let name: [UInt8] = [0xc0, 12]
    let count = input.below(4)
    answer[7] = kind & 2 != 0 ? input.next() : UInt8(count)
    for _ in 0..<count {
      let life: [UInt8] = [0, 0, input.next(), 5]
      switch input.below(4) {
      case 0, 1: answer += name + [0, 1, 0, 1] + life + [0, 4, 10, 0, 0, input.next()]
      case 2: answer += name + [0, 5, 0, 1] + life + [0, 2, 0xc0, kind & 4 == 0 ? 12 : input.next()]
      default:
        let data = (0..<input.below(20)).map { _ in input.next() }
        answer += name + [0, input.next(), 0, 1] + life + [0, UInt8(data.count)] + data
      }
    }
    if kind & 8 != 0 { answer[input.below(min(256, answer.count))] ^= 1 << (input.next() & 7) }
    datagram(from: kind & 16 == 0 ? Self.router : peer(), 53, to: question.port, isBroadcast: false) {
      output in
      for byte in answer { output.append(byte) }
    }
  }

  private func datagram(
    from source: IPv4Address, _ sourcePort: UInt16, to port: UInt16, isBroadcast: Bool,
    _ write: (inout OutputRawSpan) -> Void
  ) {
    // The output covers the new array's memory, and is finished before it ends.
    let payload = [UInt8](unsafeUninitializedCapacity: 1_400) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      write(&output)
      count = output.finalize(for: memory)
    }
    let udp = UDPHeader(sourcePort: sourcePort, destinationPort: port)
    let ip = IPv4Header(
      source: source, destination: isBroadcast ? IPv4Address(255, 255, 255, 255) : Self.ours, protocol: .udp,
      payloadByteCount: 8 + payload.count)
    frame(from: hardware(of: source), .ipv4, isGroup: isBroadcast) { output in
      ip.write(into: &output)
      udp.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) { rest in
        rest.append(contentsOf: payload.span.bytes)
      }
    }
  }
}

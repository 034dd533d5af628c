import Bytes
import Testing
import Wire

@Suite struct DHCPv4Tests {
  private let capture = Capture("dhcp")
  private let client = EthernetAddress(2, 0, 0, 0, 0, 1)

  private func refused(_ bytes: [UInt8]) -> WireError? {
    refusal { () throws(WireError) in _ = try DHCPv4Message(validating: bytes.span.bytes) }
  }

  /// A message with these options and nothing else.
  private func message(options: [UInt8]) -> [UInt8] { Array(capture.udpPayload(0)[..<240]) + options }

  @Test func `an exchange is read`() throws {
    var types: [DHCPv4MessageType] = []
    for index in capture.frames.indices {
      let bytes = capture.udpPayload(index)
      let message = try DHCPv4Message(validating: bytes.span.bytes)
      types.append(message.type)
      let (transaction, hardware, isReply) = (message.transaction, message.clientHardware, message.isReply)
      #expect(transaction == 0x3903_f326 && hardware == client)
      #expect(isReply == ![.discover, .request].contains(types[index]))
    }
    #expect(types == [.discover, .offer, .request, .ack, .nak, .ack])
  }

  @Test func `a lease says all a client needs`() throws {
    let bytes = capture.udpPayload(3)
    let message = try DHCPv4Message(validating: bytes.span.bytes)
    let addresses = [
      message.yourAddress, message.subnetMask, message.serverIdentifier, message.broadcastAddress,
    ]
    #expect(addresses.map { $0?.description } == ["10.77.0.50", "255.255.255.0", "10.77.0.2", "10.77.0.255"])
    let seconds = [message.leaseSeconds, message.renewalSeconds, message.rebindingSeconds]
    #expect(seconds == [3600, 1800, 3150])
    let mtu = message.interfaceMTU
    #expect(mtu == 1400)
    var found: [IPv4Address] = []
    if let routers = message.routers { for index in 0..<routers.count { found.append(routers[index]) } }
    if let servers = message.domainNameServers {
      for index in 0..<servers.count { found.append(servers[index]) }
    }
    #expect(found.map(\.description) == ["10.77.0.2", "10.77.0.2", "192.0.2.53"])
    var routes: [String] = []
    if var list = message.classlessStaticRoutes {
      while let route = list.next() { routes.append("\(route.network) \(route.router)") }
    }
    #expect(routes == ["192.0.2.0/24 10.77.0.9", "0.0.0.0/0 10.77.0.2"])
  }

  @Test func `options are also found in the fields that overload opens`() throws {
    let bytes = capture.udpPayload(5)
    let message = try DHCPv4Message(validating: bytes.span.bytes)
    let mask = message.subnetMask
    let router = message.routers?[0]
    #expect(mask == IPv4Address(255, 255, 0, 0) && router == IPv4Address(10, 77, 0, 9))
  }

  @Test func `a request is read as it was written`() throws {
    var header = DHCPv4Header(type: .request, transaction: 77, clientHardware: client)
    header.seconds = 5
    header.wantsBroadcast = true
    let bytes = written {
      header.write(into: &$0) { options in
        options.append(clientIdentifier: client)
        options.append(.requestedAddress, addresses: IPv4Address(10, 77, 0, 50))
        options.append(.serverIdentifier, addresses: IPv4Address(10, 77, 0, 2))
        options.append(.maximumMessageSize, number16: 1500)
        options.append(.leaseTime, number32: 7200)
        options.append(.hostName, data: Array("catalog".utf8))
        options.append(requesting: .subnetMask, .router, .domainNameServer)
      }
    }
    #expect(bytes.count == DHCPv4Header.minimumMessageByteCount)
    let message = try DHCPv4Message(validating: bytes.span.bytes)
    let fields = (message.type, message.transaction, message.seconds, message.wantsBroadcast, message.isReply)
    #expect(fields == (.request, 77, 5, true, false))
    let addresses = (message.requestedAddress, message.serverIdentifier, message.leaseSeconds)
    #expect(addresses == (IPv4Address(10, 77, 0, 50), IPv4Address(10, 77, 0, 2), 7200))
    let list = message.option(.parameterRequestList)?.withUnsafeBytes { Array($0) }  // Copied within.
    let identifier = message.option(.clientIdentifier)?.withUnsafeBytes { Array($0) }  // Copied within.
    #expect(list == [1, 3, 6] && identifier == [1, 2, 0, 0, 0, 0, 1])
  }

  @Test(
    arguments: [
      [53], [53, 1], [53, 1, 9], [53, 2, 1, 1], [53, 1, 1, 51, 3, 0, 0, 0], [53, 1, 1, 3, 0],
      [53, 1, 1, 3, 5, 1, 2, 3, 4, 5], [53, 1, 1, 121, 5, 33, 0, 0, 0, 0], [53, 1, 1, 121, 4, 0, 0, 0, 0],
      [53, 1, 1, 121, 6, 24, 10, 0, 0, 1, 1], [53, 1, 1, 52, 1, 4], [53, 1, 1, 12, 200, 1],
      [53, 1, 1, 26, 1, 9],
    ] as [[UInt8]]) func `an option that does not fit its kind is refused`(options: [UInt8])
  {
    #expect(refused(message(options: options)) == .badOption)
  }

  @Test func `overload opens fields only when they hold options`() {
    var bytes = message(options: [53, 1, 5, 52, 1, 1, 255])
    #expect(refused(bytes) == nil)
    bytes[108] = 3
    bytes[109] = 127
    #expect(refused(bytes) == .badOption)
  }

  @Test func `BOOTP, other hardware and short messages are refused`() {
    #expect(refused(message(options: [255])) == .unsupported)
    #expect(refused(Array(message(options: [])[..<239])) == .truncated)
    for offset in [0, 1, 2, 236] {
      var bytes = capture.udpPayload(0)
      bytes[offset] = 98
      #expect(refused(bytes) == .unsupported)
    }
  }
}

// RFC 2131 §4.4.1, table 5, before changing this file.

import Bytes
import Wire

/// What a client writes: which fields and options each message has stands in table 5.
extension DHCPClient {
  /// Bytes of a message, at most: the header, and options of which the host's name is the longest.
  private static let roomByteCount = 576

  func discoverMessage() -> DHCPAction {
    broadcast(message(header(.discover), describesClient: true))
  }

  /// In `requesting` the server is named, in `rebooting` it must not be.
  func requestMessage() -> DHCPAction {
    broadcast(
      message(
        header(.request), requesting: requested?.address, ofServer: requested?.server, describesClient: true))
  }

  /// In `renewing` to the server, in `rebinding` to all of them.
  func renewMessage(_ lease: DHCPLease) -> DHCPAction {
    var header = header(.request)
    header.wantsBroadcast = false
    header.clientAddress = lease.address
    header.seconds = 0
    let payload = message(header, describesClient: true)
    return .send(
      payload, source: lease.address, destination: state == .renewing ? lease.server : .broadcast)
  }

  func decline(_ lease: DHCPLease) -> DHCPAction {
    var header = header(.decline)
    header.wantsBroadcast = false
    header.seconds = 0
    return broadcast(message(header, requesting: lease.address, ofServer: lease.server))
  }

  func release(_ lease: DHCPLease) -> DHCPAction {
    var header = header(.release)
    header.wantsBroadcast = false
    header.clientAddress = lease.address
    header.seconds = 0
    let payload = message(header, ofServer: lease.server)
    return .send(payload, source: lease.address, destination: lease.server)
  }

  @inline(never)
  private func header(_ type: DHCPv4MessageType) -> DHCPv4Header {
    var header = DHCPv4Header(
      type: type, transaction: transaction, clientHardware: configuration.hardware)
    header.seconds = seconds
    header.wantsBroadcast = configuration.wantsBroadcast
    return header
  }

  /// What a search and a request say of the client.
  private func describe(into options: inout DHCPv4OptionWriter) {
    if let name = configuration.hostName { options.append(.hostName, data: Array(name.utf8)) }
    options.append(.maximumMessageSize, number16: UInt16(clamping: configuration.deviceMTU))
    options.append(
      requesting: .subnetMask, .router, .domainNameServer, .interfaceMTU, .leaseTime, .renewalTime,
      .rebindingTime)
  }

  private func broadcast(_ message: [UInt8]) -> DHCPAction {
    .send(message, source: .unspecified, destination: .broadcast)
  }

  /// Every message names the client in the same way (RFC 2132 §9.14).
  @inline(never)
  private func message(
    _ header: DHCPv4Header, requesting address: IPv4Address? = nil, ofServer server: IPv4Address? = nil,
    describesClient: Bool = false
  ) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: Self.roomByteCount) { room in
      header.write(into: &room) { writer in
        writer.append(clientIdentifier: configuration.hardware)
        if let address { writer.append(.requestedAddress, addresses: address) }
        if let server { writer.append(.serverIdentifier, addresses: server) }
        if describesClient { describe(into: &writer) }
      }
    }
    return buffer.array()
  }
}

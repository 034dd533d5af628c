// RFC 2131 §4.4.1, table 5, before changing this file.

import Bytes
import Wire

/// What a client writes: which fields and options each message has stands in table 5.
extension DHCPClient {
  /// Bytes of a message, at most: the header, and options of which the host's name is the longest.
  private static let roomByteCount = 576

  func discoverMessage() -> DHCPAction {
    broadcast(header(.discover)) { options in
      describe(into: &options)
    }
  }

  /// In `requesting` the server is named, in `rebooting` it must not be.
  func requestMessage() -> DHCPAction {
    broadcast(header(.request)) { options in
      if let requested {
        options.append(.requestedAddress, addresses: requested.address)
        if let server = requested.server { options.append(.serverIdentifier, addresses: server) }
      }
      describe(into: &options)
    }
  }

  /// In `renewing` to the server, in `rebinding` to all of them.
  func renewMessage(_ lease: DHCPLease) -> DHCPAction {
    var header = header(.request)
    header.wantsBroadcast = false
    header.clientAddress = lease.address
    header.seconds = 0
    let payload = message(header) { options in describe(into: &options) }
    return .send(
      payload, source: lease.address, destination: state == .renewing ? lease.server : .broadcast)
  }

  func decline(_ lease: DHCPLease) -> DHCPAction {
    var header = header(.decline)
    header.wantsBroadcast = false
    header.seconds = 0
    return broadcast(header) { options in
      options.append(.requestedAddress, addresses: lease.address)
      options.append(.serverIdentifier, addresses: lease.server)
    }
  }

  func release(_ lease: DHCPLease) -> DHCPAction {
    var header = header(.release)
    header.wantsBroadcast = false
    header.clientAddress = lease.address
    header.seconds = 0
    let payload = message(header) { options in options.append(.serverIdentifier, addresses: lease.server) }
    return .send(payload, source: lease.address, destination: lease.server)
  }

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

  private func broadcast(
    _ header: DHCPv4Header, options: (inout DHCPv4OptionWriter) -> Void
  ) -> DHCPAction {
    .send(message(header, options: options), source: .unspecified, destination: .broadcast)
  }

  /// Every message names the client in the same way (RFC 2132 §9.14).
  private func message(_ header: DHCPv4Header, options: (inout DHCPv4OptionWriter) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: Self.roomByteCount) { room in
      header.write(into: &room) { writer in
        writer.append(clientIdentifier: configuration.hardware)
        options(&writer)
      }
    }
    return buffer.array()
  }
}

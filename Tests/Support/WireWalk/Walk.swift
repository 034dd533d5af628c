import Bytes
import Wire

/// Reads a frame as deep as it can and asks every accessor of every view on the way, for tests and the
/// fuzzer: what was validated must be readable without a trap.
public struct Walk {
  /// The formats that were accepted, outermost first.
  public internal(set) var formats: [Format] = []
  /// Why it went no deeper.
  public private(set) var error: WireError?
  /// Everything the accessors returned, mixed, so that no call can be left out by the optimiser.
  public private(set) var digest: UInt64 = 0
  let isTrusting: Bool

  /// The formats there are.
  public enum Format: Sendable {
    case ethernet, arp, ipv4, icmp, quote, udp, tcp, dhcp, dns, ipv6, icmpv6, neighbour, router
  }

  /// Reads a frame. Checksums are not looked at when `isTrusting`, so that changed bytes come deeper.
  public init(frame: RawSpan, isTrusting: Bool) {
    self.isTrusting = isTrusting
    attempt { (walk) throws(WireError) in try walk.ethernet(frame) }
  }

  /// Reads `bytes` as each of the formats, for the fuzzer.
  public init(asEverything bytes: RawSpan) {
    isTrusting = true
    attempt { (walk) throws(WireError) in try walk.ethernet(bytes) }
    attempt { (walk) throws(WireError) in try walk.arp(bytes) }
    attempt { (walk) throws(WireError) in try walk.ipv4(bytes) }
    attempt { (walk) throws(WireError) in try walk.icmp(bytes) }
    attempt { (walk) throws(WireError) in try walk.ipv6(bytes) }
    // The input as a message of neighbour discovery on this link.
    attempt { (walk) throws(WireError) in try walk.icmpv6(bytes, in: nil) }
    attempt { (walk) throws(WireError) in try walk.quote(bytes) }
    attempt { (walk) throws(WireError) in try walk.udp(bytes, .trusted) }
    attempt { (walk) throws(WireError) in try walk.tcp(bytes, .trusted) }
    attempt { (walk) throws(WireError) in try walk.dhcp(bytes) }
    attempt { (walk) throws(WireError) in try walk.dns(bytes) }
  }

  private mutating func attempt(_ body: (inout Walk) throws(WireError) -> Void) {
    do throws(WireError) { try body(&self) } catch { self.error = error }
  }

  mutating func mix(_ value: some BinaryInteger) {
    digest = (digest &* 31) &+ UInt64(truncatingIfNeeded: value)
  }

  mutating func mix(_ flag: Bool) { mix(flag ? 1 : 0) }
  mutating func mix(_ text: String) { for unit in text.utf8 { mix(unit) } }
  private mutating func mix(_ address: IPv4Address) {
    mix(address.rawValue)
    mix(address.description)
    let kinds = (address.isBroadcast, address.isLoopback, address.isMulticast, address.isLinkLocal)
    mix(kinds.0 || kinds.1 || kinds.2 || kinds.3 || address.isUnspecified)
  }
  mutating func mix(_ address: EthernetAddress) {
    mix(address.description)
    mix(address.isMulticast || address.isBroadcast || address.isUnicast)
  }
  mutating func mix(_ bytes: RawSpan) {
    for index in 0..<bytes.byteCount { mix(bytes.byte(at: index)) }
  }

  private mutating func ethernet(_ bytes: RawSpan) throws(WireError) {
    let frame = try EthernetFrame(validating: bytes)
    formats.append(.ethernet)
    mix(frame.source)
    mix(frame.destination)
    mix(frame.type.rawValue)
    mix(frame.payload)
    switch frame.type {
    case .arp: try arp(frame.payload)
    case .ipv4: try ipv4(frame.payload)
    case .ipv6: try ipv6(frame.payload)
    default: break
    }
  }

  private mutating func arp(_ bytes: RawSpan) throws(WireError) {
    let packet = try ARPPacket(validating: bytes)
    formats.append(.arp)
    mix(packet.operation.rawValue)
    mix(packet.senderHardware)
    mix(packet.sender)
    mix(packet.targetHardware)
    mix(packet.target)
    mix(packet.isProbe)
    mix(packet.isAnnouncement)
  }

  private mutating func ipv4(_ bytes: RawSpan) throws(WireError) {
    let packet = try IPv4Packet(validating: bytes, checksumIsTrusted: isTrusting)
    formats.append(.ipv4)
    mix(packet.trafficClass)
    mix(packet.totalByteCount)
    mix(packet.identification)
    mix(packet.dontFragment)
    mix(packet.moreFragments)
    mix(packet.fragmentByteOffset)
    mix(packet.timeToLive)
    mix(packet.protocol.rawValue)
    mix(packet.source)
    mix(packet.destination)
    mix(packet.options)
    mix(packet.wholePacket)
    mix(packet.headerByteCount)
    mix(packet.pseudoHeader.partial)
    guard !packet.isFragment else { return mix(packet.payload) }
    let check: ChecksumCheck = isTrusting ? .trusted : .verify(pseudoHeader: packet.pseudoHeader)
    switch packet.protocol {
    case .icmp: try icmp(packet.payload)
    case .udp: try udp(packet.payload, check)
    case .tcp: try tcp(packet.payload, check)
    default: break
    }
  }

  private mutating func icmp(_ bytes: RawSpan) throws(WireError) {
    let message = try ICMPv4Message(validating: bytes, checksumIsTrusted: isTrusting)
    formats.append(.icmp)
    mix(message.payload)
    switch message.kind {
    case .echoRequest(let identifier, let sequence), .echoReply(let identifier, let sequence):
      mix(identifier)
      mix(sequence)
    case .destinationUnreachable(let code, let mtu):
      mix(code)
      mix(mtu)
    case .redirect(_, let gateway): mix(gateway)
    case .timeExceeded(let code): mix(code)
    case .parameterProblem(_, let pointer): mix(pointer)
    case .other(_, _, let rest): mix(rest)
    }
    if message.kind.isError { try quote(message.payload) }
  }

  mutating func quote(_ bytes: RawSpan) throws(WireError) {
    let quote = try QuotedPacket(validating: bytes)
    formats.append(.quote)
    mix(quote.source)
    mix(quote.destination)
    mix(quote.protocol.rawValue)
    mix(quote.isLaterFragment)
    mix(quote.sourcePort)
    mix(quote.destinationPort)
    mix(quote.sequenceNumber.rawValue)
    mix(quote.payload)
    precondition(quote.isIPv6 || quote.source.isMapped && quote.destination.isMapped, "a third family")
  }

  mutating func udp(_ bytes: RawSpan, _ check: ChecksumCheck) throws(WireError) {
    let datagram = try UDPDatagram(validating: bytes, checksum: check)
    formats.append(.udp)
    mix(datagram.hasChecksum)
    mix(datagram.payload)
    let ports = [datagram.sourcePort, datagram.destinationPort]
    if ports.contains(53) { try dns(datagram.payload) }
    if ports.contains(67) { try dhcp(datagram.payload) }
  }

  mutating func tcp(_ bytes: RawSpan, _ check: ChecksumCheck) throws(WireError) {
    let segment = try TCPSegment(validating: bytes, checksum: check)
    formats.append(.tcp)
    precondition(segment.sourcePort != 0 && segment.destinationPort != 0)
    mix(segment.sequenceNumber.rawValue)
    mix(segment.acknowledgementNumber.rawValue)
    mix(segment.flags.rawValue)
    mix(segment.window)
    mix(segment.urgentPointer)
    mix(segment.headerByteCount)
    mix(segment.sequenceLength)
    mix(segment.payload)
    let options = segment.options
    mix(options.maximumSegmentSize ?? 0)
    mix(options.windowScale ?? 0)
    precondition((options.windowScale ?? 0) <= 14)
    mix(options.isSACKPermitted)
    mix(options.timestamps?.value ?? 0)
    mix(options.timestamps?.echo ?? 0)
    for index in 0..<options.sackBlockCount {
      mix(options.sackBlock(index).start.rawValue)
      mix(options.sackBlock(index).end.rawValue)
    }
  }

  private mutating func dhcp(_ bytes: RawSpan) throws(WireError) {
    let message = try DHCPv4Message(validating: bytes)
    formats.append(.dhcp)
    mix(message.type.rawValue)
    mix(message.isReply)
    mix(message.transaction)
    mix(message.seconds)
    mix(message.wantsBroadcast)
    for address in [message.clientAddress, message.yourAddress, message.relayAddress] { mix(address) }
    mix(message.clientHardware)
    let addresses = [
      message.subnetMask, message.broadcastAddress, message.requestedAddress, message.serverIdentifier,
    ]
    for address in addresses { mix(address ?? .unspecified) }
    for number in [message.leaseSeconds, message.renewalSeconds, message.rebindingSeconds] {
      mix(number ?? 0)
    }
    mix(message.interfaceMTU ?? 0)
    if let routers = message.routers {
      for index in 0..<routers.count { mix(routers[index]) }
    }
    if let servers = message.domainNameServers {
      for index in 0..<servers.count { mix(servers[index]) }
    }
    if var routes = message.classlessStaticRoutes {
      while let route = routes.next() {
        mix(route.network.description)
        mix(route.network.contains(route.router))
      }
    }
    for number in 1..<UInt8(255) {
      if let data = message.option(DHCPv4Option(rawValue: number)) { mix(data) }
    }
  }

  private mutating func dns(_ bytes: RawSpan) throws(WireError) {
    let message = try DNSMessage(validating: bytes)
    formats.append(.dns)
    mix(message.id)
    mix(message.isResponse || message.isAuthoritative || message.isTruncated)
    mix(message.recursionDesired || message.recursionAvailable)
    mix(message.operation)
    mix(message.responseCode.rawValue)
    var questions = message.questions
    var count = 0
    while let question = questions.next() {
      count += 1
      mix(question.name.text)
      mix(question.type.rawValue)
      mix(question.isInternet)
    }
    precondition(count == message.questionCount)
    var answers = message.answers
    count = 0
    while answers.next() != nil { count += 1 }
    precondition(count == message.answerCount)
    var records = message.records
    while let record = records.next() {
      count += 1
      mix(record.name.text)
      mix(record.name.matches("www.example.com"))
      mix(record.type.rawValue)
      mix(record.timeToLiveSeconds)
      mix(record.data)
      mix(record.ipv4Address ?? .unspecified)
      mix(record.ipv6Address?.low ?? 0)
      if let name = record.canonicalName { mix(name.text) }
    }
    precondition(
      count == 2 * message.answerCount + message.authorityCount + message.additionalCount)
  }
}

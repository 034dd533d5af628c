// RFC 826 and RFC 5227 before changing this file.

import Bytes

/// An ARP packet for IPv4 over Ethernet: a question who has an address, or the answer. A value, as it is
/// small and its content is kept.
public struct ARPPacket: Equatable, Sendable {
  /// What it wants.
  public enum Operation: UInt16, Sendable {
    /// Who has the target's address?
    case request = 1
    /// The sender has its address.
    case reply = 2
  }

  /// Bytes of a packet.
  public static let byteCount = 28

  /// What it wants.
  public var operation: Operation
  /// The sender's interface.
  public var senderHardware: EthernetAddress
  /// The sender's address; unspecified in a probe (RFC 5227 §2.1.1).
  public var sender: IPv4Address
  /// The target's interface; zero in a request.
  public var targetHardware: EthernetAddress
  /// The address asked about, or who is answered.
  public var target: IPv4Address

  /// A packet to be written.
  public init(
    operation: Operation, senderHardware: EthernetAddress, sender: IPv4Address,
    targetHardware: EthernetAddress, target: IPv4Address
  ) {
    self.operation = operation
    self.senderHardware = senderHardware
    self.sender = sender
    self.targetHardware = targetHardware
    self.target = target
  }

  /// Reads a frame's payload, which may be padded. Refuses `truncated`, `unsupported` (another hardware,
  /// protocol or operation), `badLength` (of addresses) and `badValue` (a sender that no interface can be).
  public init(validating bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= Self.byteCount else { throw .truncated }
    guard bytes.bigEndian16(at: 0) == 1, bytes.bigEndian16(at: 2) == EtherType.ipv4.rawValue,
      let operation = Operation(rawValue: bytes.bigEndian16(at: 6))
    else { throw .unsupported }
    guard bytes.byte(at: 4) == 6, bytes.byte(at: 5) == 4 else { throw .badLength }
    self.operation = operation
    senderHardware = EthernetAddress(bytes, at: 8)
    sender = IPv4Address(bytes, at: 14)
    targetHardware = EthernetAddress(bytes, at: 18)
    target = IPv4Address(bytes, at: 24)
    guard !senderHardware.isMulticast, !sender.isMulticast, !sender.isBroadcast else { throw .badValue }
  }

  /// Asks without claiming an address whether it is taken (RFC 5227 §2.1).
  public var isProbe: Bool { operation == .request && sender.isUnspecified }
  /// Tells everybody about the sender's own address (RFC 5227 §2.3).
  public var isAnnouncement: Bool { sender == target && !sender.isUnspecified }

  /// Appends 28 bytes. Traps when they have no room.
  @_lifetime(output: copy output)
  public func write(into output: inout OutputRawSpan) {
    // Ethernet, IPv4, and the lengths of their addresses.
    let kind = 0x0001_0000_0604_0000 | UInt64(EtherType.ipv4.rawValue) << 32
    output.append(bigEndian: kind | UInt64(operation.rawValue))
    senderHardware.write(into: &output)
    output.append(bigEndian: sender.rawValue)
    targetHardware.write(into: &output)
    output.append(bigEndian: target.rawValue)
  }
}

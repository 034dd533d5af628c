// RFC 2131 §4.4 (figure 5) before changing this file.

import Wire

/// Where a client stands (RFC 2131, figure 5).
public enum DHCPState: Sendable, Equatable {
  /// INIT: nothing asked yet, or waiting to start again.
  case initial
  /// SELECTING: looks for servers.
  case selecting
  /// REQUESTING: has asked for what a server offered.
  case requesting
  /// REBOOTING: has asked for its previous address.
  case rebooting
  /// Granted; somebody still looks whether the address is in use already (§4.4.1, last paragraph).
  case checking
  /// BOUND: the address is ours.
  case bound
  /// RENEWING: asks the server that gave it.
  case renewing
  /// REBINDING: asks any server.
  case rebinding
  /// After `release`. Final.
  case stopped
}

/// What the owner of a `DHCPClient` does, in this order.
public enum DHCPAction: Sendable, Equatable {
  /// A UDP payload from `source` port 68 to `destination` port 67. The unspecified source is meant; the broadcast
  /// destination is the link's, by whichever routes there are.
  case send([UInt8], source: IPv4Address, destination: IPv4Address)
  /// Find out whether somebody has this address (RFC 5227 §2.1), then call `addressIsFree` or `addressIsTaken`.
  case probe(IPv4Address)
  /// Use this lease; it replaces an earlier one for the same address.
  case configure(DHCPLease)
  /// The address is no longer ours: connections from it end.
  case deconfigure
}

extension [DHCPAction] {
  /// As `append`, whose code would stand at every place.
  @inline(never)
  mutating func add(_ action: DHCPAction) { append(action) }
}

/// Why a message to a DHCP client was dropped.
public enum DHCPRefusal: Int, Error, CaseIterable, Sendable {
  /// No DHCP message, or one whose options are not whole.
  case malformed
  /// Another client's message.
  case notAReply
  /// For another interface (`chaddr`).
  case otherHardware
  /// Of another exchange (`xid`).
  case otherTransaction
  /// Of a kind that this state does not wait for.
  case unexpected
  /// Without a server identifier, or with one that is no host's address.
  case badServer
  /// Not of the server that was asked.
  case otherServer
  /// The address is none that a host can have in that network.
  case badAddress
  /// Not the address that was asked for.
  case otherAddress
  /// Without a mask, with holes in it, or with fewer than 8 bits.
  case badMask
  /// Without a lease time, or with 0.
  case badLease
  /// The lease had already ended when its acknowledgement came.
  case expired

  /// The reason as a label of a figure.
  public var label: StaticString {
    switch self {
    case .malformed: "malformed"
    case .notAReply: "not_a_reply"
    case .otherHardware: "other_hardware"
    case .otherTransaction: "other_transaction"
    case .unexpected: "unexpected"
    case .badServer: "bad_server"
    case .otherServer: "other_server"
    case .badAddress: "bad_address"
    case .otherAddress: "other_address"
    case .badMask: "bad_mask"
    case .badLease: "bad_lease"
    case .expired: "expired"
    }
  }
}

extension IPv4Address {
  /// Whether a server could give it to a host: not 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16 or from 224.0.0.0 on
  /// (RFC 6890 §2.2.2).
  var isAssignable: Bool {
    rawValue >> 24 != 0 && !isLoopback && !isLinkLocal && rawValue < 0xe000_0000
  }
}

// RFC 2308 §2 before changing this file.

import Platform

/// What a name stands for.
public struct DNSAnswer: Equatable, Sendable {
  /// At least one and at most `DNSResolver.maximumAddressCount` addresses, the first to be tried first.
  public internal(set) var addresses: [IPAddress]
  /// Until when it may be used.
  public let expiry: Instant
}

/// Why a name has no addresses.
public enum DNSFailure: Error, Equatable, Sendable {
  /// Not a host's name: labels of letters, digits, `-` and `_`, 253 bytes at most.
  case badName
  /// There is no such name (NXDOMAIN).
  case noSuchName
  /// The name exists and has no address of this kind (NODATA).
  case noAddress
  /// No server answered in time.
  case timedOut
  /// Every server failed, refused, or answered what cannot be used.
  case serverFailure
  /// The answers did not fit into a datagram, and there is no DNS over TCP here.
  case truncated
  /// The name stands for a name that stands for a name … more often than `DNSResolver.maximumAliasCount`.
  case tooManyAliases
  /// No server is known.
  case noServer
  /// Too many queries are in flight, or no port is free: try again later.
  case exhausted
}

/// Why a datagram to the resolver was dropped, or a server passed over.
public enum DNSRefusal: Int, Error, CaseIterable, Sendable {
  /// No query waits at that port: late, or forged.
  case unasked
  /// Not from the server that was asked.
  case otherServer
  /// Not from port 53.
  case otherPort
  /// Not a whole DNS message.
  case malformed
  /// More than the 512 bytes that were allowed (RFC 1035 §2.3.4).
  case oversized
  /// A query, or another operation than an ordinary one.
  case notAResponse
  /// With another id.
  case otherTransaction
  /// With another question, or the same in other letters' case than asked.
  case otherQuestion
  /// Cut short (TC).
  case truncated
  /// The server failed, refused, or does not do this (RCODE).
  case serverError
  /// A referral to other servers: this one does not ask for us.
  case lame
  /// An alias that cannot be a host's name.
  case badAlias

  /// The reason as a label of a figure.
  public var label: StaticString {
    switch self {
    case .unasked: "unasked"
    case .otherServer: "other_server"
    case .otherPort: "other_port"
    case .malformed: "malformed"
    case .oversized: "oversized"
    case .notAResponse: "not_a_response"
    case .otherTransaction: "other_transaction"
    case .otherQuestion: "other_question"
    case .truncated: "truncated"
    case .serverError: "server_error"
    case .lame: "lame"
    case .badAlias: "bad_alias"
    }
  }
}

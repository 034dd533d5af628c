// RFC 1034 §3.6.2, RFC 2308 §2 and §5, RFC 6604 before changing this file.

import Bytes
import Platform
import Wire

/// What a response that belongs to a question says about it. Only records of the question's chain of aliases are
/// looked at; whatever else the message holds is nobody's business.
enum DNSReply: Equatable {
  /// The addresses, so many aliases away, for so many seconds.
  case addresses([IPAddress], seconds: UInt32)
  /// The chain ends with a name of which the response says nothing more: to be asked about.
  case alias(String, count: Int, seconds: UInt32)
  /// `noSuchName` or `noAddress`, for so many seconds; 0 when it must not be kept.
  case nothing(DNSFailure, seconds: UInt32)
  /// More aliases than allowed.
  case tooManyAliases
  /// Not an answer: ask another server.
  case unusable(DNSRefusal)

  private static let nameServer = DNSType(rawValue: 2)
  /// The shortest data of a SOA record: two root names and five numbers (RFC 1035 §3.3.13).
  private static let minimumStartByteCount = 22

  private struct Record {
    let name: String
    let type: DNSType
    let seconds: UInt32
    let address: IPAddress?
    let alias: String?
  }

  /// Reads a response. Cost: O(records × aliases).
  init(_ message: DNSMessage, to question: DNSHostName, aliasesLeft: Int) {
    if message.isTruncated {
      self = .unusable(.truncated)
      return
    }
    let code = message.responseCode
    guard code == .noError || code == .nameError else {
      self = .unusable(.serverError)
      return
    }
    let records = Self.records(of: message)
    var name = question.text
    var aliasCount = 0
    var seconds = UInt32.max
    while true {
      var addresses: [IPAddress] = []
      var next: String?
      for record in records where record.name == name {
        if record.type == question.type, let address = record.address {
          if addresses.count < DNSResolver.maximumAddressCount, !addresses.contains(address) {
            addresses.append(address)
            seconds = min(seconds, record.seconds)
          }
        } else if next == nil, let alias = record.alias {
          next = alias
          seconds = min(seconds, record.seconds)
        }
      }
      if !addresses.isEmpty, code == .noError {
        self = .addresses(addresses, seconds: seconds)
        return
      }
      guard let alias = next, addresses.isEmpty else { break }
      aliasCount += 1
      guard aliasCount <= aliasesLeft else {
        self = .tooManyAliases
        return
      }
      name = alias
    }
    self = Self.nothing(message, at: name, aliasCount: aliasCount, seconds: seconds)
  }

  /// The chain ends at `name` without an address.
  private static func nothing(
    _ message: DNSMessage, at name: String, aliasCount: Int, seconds: UInt32
  ) -> DNSReply {
    var (negative, isReferral) = (nil as UInt32?, false)
    var list = message.records
    var index = 0
    while let record = list.next() {
      index += 1
      guard index > message.answerCount, index <= message.answerCount + message.authorityCount,
        record.isInternet
      else { continue }
      if record.type == nameServer { isReferral = true }
      guard record.type == .soa, record.data.byteCount >= minimumStartByteCount else { continue }
      // Only the zone that the name is in can say how long it is without (RFC 2308 §5).
      guard DNSHostName.isName(name, within: record.name.text) else { continue }
      let minimum = record.data.bigEndian32(at: record.data.byteCount - 4)
      negative = min(record.timeToLiveSeconds, minimum, seconds)
    }
    if message.responseCode == .nameError { return .nothing(.noSuchName, seconds: negative ?? 0) }
    if let negative { return .nothing(.noAddress, seconds: negative) }
    if aliasCount > 0 { return .alias(name, count: aliasCount, seconds: seconds) }
    if isReferral && !message.isAuthoritative { return .unusable(.lame) }
    return .nothing(.noAddress, seconds: 0)
  }

  private static func records(of message: DNSMessage) -> [Record] {
    var records: [Record] = []
    var list = message.answers
    while let record = list.next() {
      let address: IPAddress? =
        if let address = record.ipv4Address {
          IPAddress(address)
        } else if let address = record.ipv6Address {
          .v6(address.high, address.low)
        } else {
          nil
        }
      let alias = record.canonicalName?.text
      guard address != nil || alias != nil else { continue }
      records.append(
        Record(
          name: record.name.text, type: record.type, seconds: record.timeToLiveSeconds, address: address,
          alias: alias))
    }
    return records
  }
}

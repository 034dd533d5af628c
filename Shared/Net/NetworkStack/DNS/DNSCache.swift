// RFC 1035 §7.4, RFC 2181 §8 and RFC 2308 §5 before changing this file.

import Platform
import Wire

/// Outcomes by question, for as long as the servers allow and within bounds.
///
/// A chain of aliases is kept as one outcome of the name that was asked: a server's word about one name is never used
/// for another. Cost: a look-up of a dictionary; O(entries) for an insertion into a full cache.
struct DNSCache: Sendable {
  /// An outcome of longer life counts as one of a day.
  static let maximumSeconds: UInt32 = 86400
  /// That there is nothing is believed no longer than this (RFC 2308 §5: 1 to 3 hours).
  static let maximumNegativeSeconds: UInt32 = 3600
  /// That no server answered: long enough that a crowd of callers does not ask at once again (RFC 9520 §3.2).
  static let failureSeconds: UInt32 = 1

  private struct Entry {
    var outcome: Result<DNSAnswer, DNSFailure>
    var expiry: Instant
    /// How often it was given out.
    var useCount = 0
  }

  let limit: Int
  private var entries: [DNSHostName: Entry] = [:]

  /// An empty cache of at most `limit` entries; 0 keeps nothing.
  init(limit: Int) {
    precondition(limit >= 0)
    self.limit = limit
  }

  /// Entries, also such as have expired and were not asked for since.
  var count: Int { entries.count }

  /// What is known of `question` at `now`. Each time the addresses start with the next one.
  mutating func find(_ question: DNSHostName, at now: Instant) -> Result<DNSAnswer, DNSFailure>? {
    guard var entry = entries[question] else { return nil }
    guard entry.expiry > now else {
      entries[question] = nil
      return nil
    }
    guard case .success(var answer) = entry.outcome else { return entry.outcome }
    entry.useCount &+= 1
    entries[question] = entry
    let start = entry.useCount % answer.addresses.count
    answer.addresses = Array(answer.addresses[start...] + answer.addresses[..<start])
    return .success(answer)
  }

  /// Keeps an outcome until `expiry`, in place of an older one. When the cache is full, what expires soonest leaves.
  mutating func insert(
    _ outcome: Result<DNSAnswer, DNSFailure>, for question: DNSHostName, until expiry: Instant,
    at now: Instant
  ) {
    guard limit > 0, expiry > now else { return }
    if entries[question] == nil, entries.count >= limit, let soonest { entries[soonest] = nil }
    entries[question] = Entry(outcome: outcome, expiry: expiry)
  }

  /// Forgets everything: the servers are others now.
  mutating func removeAll() { entries.removeAll() }

  /// Of several with the same expiry, the first by name: the same one in every run.
  private var soonest: DNSHostName? {
    var best: (question: DNSHostName, expiry: Instant)?
    for (question, entry) in entries {
      guard let found = best else {
        best = (question, entry.expiry)
        continue
      }
      let isSooner =
        entry.expiry == found.expiry
        ? question.precedes(found.question)
        : entry.expiry < found.expiry
      if isSooner { best = (question, entry.expiry) }
    }
    return best?.question
  }
}

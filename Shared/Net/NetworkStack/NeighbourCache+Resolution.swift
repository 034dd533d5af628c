// RFC 1122 §2.3.2.1 and RFC 4861 §7.3.3 before changing this file.

import Platform
import Wire

extension NeighbourCache {
  /// As `lookup`, without its short way: for what is sent rarely, and for what changes a state or makes an entry.
  @inline(never)
  mutating func lookupSlowly(_ address: IPv6Address, at now: Instant) -> Lookup {
    guard let index = find(address) else { return lookupUnknown(address, at: now) }
    entries[index].usedAt = now
    switch entries[index].state {
    case .reachable where now < entries[index].deadline: break
    case .delay, .probe: break
    case .incomplete: return .pending(request: false)
    case .failed:
      guard now >= entries[index].deadline else { return .failed }
      return resolve(index, at: now)
    case .stale where now >= entries[index].deadline,
      .reachable where now >= entries[index].deadline.advanced(byNanoseconds: Self.staleTime):
      // Not heard of for long: whoever has the address now may be another.
      return resolve(index, at: now)
    case .reachable, .stale:
      enter(.delay, index, until: now.advanced(byNanoseconds: Self.delayTime))
    }
    return .known(entries[index].hardware)
  }

  private mutating func lookupUnknown(_ address: IPv6Address, at now: Instant) -> Lookup {
    guard makeIncompletePlace(at: now), makePlace(forLookup: true, at: now) else {
      refusedCount += 1
      return .failed
    }
    incompleteCount += 1
    entries.append(
      Neighbour(
        address: address, hardware: .zero, state: .incomplete, deadline: now, usedAt: now, changedAt: now))
    ask(entries.count - 1, at: now)
    return .pending(request: true)
  }

  /// Starts to ask everybody for an address whose entry exists.
  private mutating func resolve(_ index: Int, at now: Instant) -> Lookup {
    let address = entries[index].address
    guard makeIncompletePlace(at: now), let index = find(address) else {
      refusedCount += 1
      return .failed
    }
    entries[index].hardware = .zero
    enter(.incomplete, index, until: now)
    ask(index, at: now)
    return .pending(request: true)
  }

  /// What an entry's timer brings.
  mutating func timeout(_ index: Int, at now: Instant) -> Event? {
    let entry = entries[index]
    switch entry.state {
    case .incomplete where entry.requestCount < Self.maximumRequestCount:
      ask(index, at: now)
      return .request(entry.address, to: nil)
    case .incomplete:
      failedCount += 1
      enter(.failed, index, until: now.advanced(byNanoseconds: Self.failureTime))
      return .unreachable(entry.address, held: takeHeld(for: entry.address))
    case .delay:
      enter(.probe, index, until: now)
      ask(index, at: now)
      return .request(entry.address, to: entry.hardware)
    case .probe where entry.requestCount < Self.maximumRequestCount:
      ask(index, at: now)
      return .request(entry.address, to: entry.hardware)
    case .probe:
      // The next lookup asks everybody: the address may have moved.
      failedCount += 1
      remove(index)
      return nil
    case .reachable, .stale, .failed: return nil
    }
  }

  /// Whether one more address may be asked for. The oldest one that was asked for a second ago or more gives way.
  private mutating func makeIncompletePlace(at now: Instant) -> Bool {
    guard incompleteCount >= Self.maximumIncompleteCount else { return true }
    guard let index = oldest(.incomplete, at: now) else { return false }
    remove(index)
    return true
  }

  /// Whether there is place for one more entry. In a full cache an entry gives way that is worth less: for a sender
  /// that told us about itself, one like it; for a lookup also one that failed, is asked for, or was not used lately.
  mutating func makePlace(forLookup: Bool, at now: Instant) -> Bool {
    guard entries.count >= Self.maximumCount else { return true }
    var index = oldest(.unused, at: now)
    if forLookup {
      for kind in [Dispensable.failed, .idle, .incomplete] where index == nil {
        index = oldest(kind, at: now)
      }
    }
    guard let index else { return false }
    remove(index)
    return true
  }

  /// Whether forgetting an entry cannot let a request for the same address out too soon.
  private static func mayBeForgotten(_ entry: Neighbour, at now: Instant) -> Bool {
    guard let askedAt = entry.askedAt else { return true }
    return now >= askedAt.advanced(byNanoseconds: requestInterval)
  }

  private static func isInUse(_ entry: Neighbour, at now: Instant) -> Bool {
    guard let usedAt = entry.usedAt else { return false }
    return now < usedAt.advanced(byNanoseconds: useTime)
  }

  /// Entries that may give way to another.
  private enum Dispensable {
    /// Of a neighbour that we never sent anything.
    case unused
    /// Of one that did not answer.
    case failed
    /// Of one that we sent nothing lately.
    case idle
    /// Of one that is asked for.
    case incomplete

    func includes(_ entry: Neighbour, at now: Instant) -> Bool {
      switch self {
      case .unused: entry.usedAt == nil
      case .failed: entry.state == .failed && mayBeForgotten(entry, at: now)
      case .idle: entry.isResolved && !isInUse(entry, at: now)
      case .incomplete: entry.state == .incomplete && mayBeForgotten(entry, at: now)
      }
    }
  }

  /// Of the entries of a kind, the one used longest ago; unused ones by their last change.
  @inline(never)
  private func oldest(_ kind: Dispensable, at now: Instant) -> Int? {
    var best: Int?
    var bestAt = Instant.never
    for index in entries.indices where kind.includes(entries[index], at: now) {
      let at = entries[index].usedAt ?? entries[index].changedAt
      if best == nil || at < bestAt {
        best = index
        bestAt = at
      }
    }
    return best
  }
}

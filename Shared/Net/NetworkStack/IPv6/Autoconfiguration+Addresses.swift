// RFC 4862 §5.4, RFC 7217 §6 and RFC 7527 before changing this file.

import Platform
import Wire

extension Autoconfiguration {
  /// An address of our identifier in `network`, to be probed for at once.
  @inline(never)
  func newAddress(
    of network: IPv6Network, origin: IPv6OwnAddress.Origin, duplicateCount: UInt8 = 0, at now: Instant
  ) -> IPv6OwnAddress {
    let identifier = identifiers.identifier(
      in: network, hardware: configuration.hardware, duplicateCount: duplicateCount)
    var address = IPv6OwnAddress(
      address: IPv6Address(network, interfaceIdentifier: identifier), network: network, origin: origin,
      state: .tentative, probeAt: now)
    address.duplicateCount = duplicateCount
    return address
  }

  /// What is due of our addresses.
  mutating func advanceAddresses(to now: Instant, _ actions: inout [IPv6Action]) {
    var index = 0
    while index < addresses.count {
      if now >= addresses[index].validUntil {
        let gone = addresses.remove(at: index)
        if gone.isAssigned { actions.add(.deconfigure(gone.address)) }
        continue
      }
      if now >= addresses[index].probeAt {
        Self.probe(&addresses[index], &numbers, hardware: configuration.hardware, at: now, &actions)
      }
      addresses[index].age(to: now)
      index += 1
    }
  }

  /// The next probe for an address, or its use when nobody answered the last.
  private static func probe(
    _ own: inout IPv6OwnAddress, _ numbers: inout KeyedNumbers, hardware: EthernetAddress, at now: Instant,
    _ actions: inout [IPv6Action]
  ) {
    let address = own.address
    guard own.probeCount < Self.probeCount else {
      own.probeAt = .never
      let wasAssigned = own.isAssigned
      own.state = .preferred
      own.age(to: now)
      if !wasAssigned { actions.add(.configure(address)) }
      // Whoever knew the address with another interface learns the new one (RFC 4861 §7.2.6).
      actions.add(
        .send(
          NeighbourMessage(
            .advertisement(isRouter: false, isSolicited: false, isOverride: true), source: address,
            destination: .allNodes, target: address, hardware: hardware)))
      return
    }
    own.probeCount += 1
    own.probeAt = now.advanced(byNanoseconds: Self.probeWait)
    // 0 would be none.
    own.nonce = numbers.next() >> 16 | 1
    actions.add(.send(.probe(for: address, nonce: own.nonce)))
    if own.origin == .fixed, own.state == .tentative {
      own.state = .optimistic
      actions.add(.configure(address))
    }
  }

  /// Looks at a message about an address of ours, or about a router; the owner answers questions about what we `has`.
  mutating func receive(_ message: NeighbourMessage, at now: Instant) -> [IPv6Action] {
    var actions: [IPv6Action] = []
    if case .advertisement(isRouter: false, _, _) = message.kind {
      forgetRouter(message.target, at: now)
    }
    guard let index = addresses.firstIndex(where: { $0.address == message.target }) else {
      schedule()
      return actions
    }
    let isProbed = addresses[index].probeAt != .never
    switch message.kind {
    case .solicitation:
      // Another host that probes for the same address has it no less than we do (RFC 4862 §5.4.3). What we said
      // ourselves may come back (RFC 7527 §4.3).
      let isOurs = message.nonce == addresses[index].nonce && message.nonce != 0
      guard isProbed, message.source.isUnspecified, !isOurs else { break }
      giveUp(index, at: now, &actions)
    case .advertisement:
      guard message.hardware != configuration.hardware else { break }
      if isProbed { giveUp(index, at: now, &actions) } else { contestedCount += 1 }
    }
    schedule()
    return actions
  }

  /// The answer to a question about an address of ours; nil when it is not ours.
  func answer(to question: NeighbourMessage) -> NeighbourMessage? {
    guard question.kind == .solicitation,
      let address = addresses.first(where: { $0.address == question.target && $0.isAssigned })
    else { return nil }
    // Whoever may have had the address before us is not pushed out yet (RFC 4429 §3.3).
    return question.answer(hardware: configuration.hardware, isOverride: address.state != .optimistic)
  }

  /// Another host has the address. One that we made is made anew, a few times (RFC 7217 §6).
  private mutating func giveUp(_ index: Int, at now: Instant, _ actions: inout [IPv6Action]) {
    let old = addresses[index]
    duplicateCount += 1
    if old.isAssigned { actions.add(.deconfigure(old.address)) }
    actions.add(.duplicate(old.address))
    guard old.origin != .fixed, old.duplicateCount < Self.maximumDuplicateCount else {
      addresses.remove(at: index)
      return
    }
    var new = newAddress(
      of: old.network, origin: old.origin, duplicateCount: old.duplicateCount + 1, at: now)
    new.preferredUntil = old.preferredUntil
    new.validUntil = old.validUntil
    // Not at once: who answers every probe would be asked without end (RFC 7217 §6, IDGEN_DELAY).
    new.probeAt = now.advanced(byNanoseconds: Self.probeWait)
    addresses[index] = new
  }

  /// A router says that hosts make addresses of a prefix (RFC 4862 §5.5.3).
  mutating func makeAddress(of prefix: NDPPrefix, at now: Instant) {
    guard prefix.isAutonomous, prefix.network.prefixLength == 64,
      prefix.preferredSeconds <= prefix.validSeconds
    else { return }
    let preferredUntil = now.end(ofSeconds: prefix.preferredSeconds)
    var validUntil = now.end(ofSeconds: prefix.validSeconds)
    var index = addresses.firstIndex { $0.origin == .router && $0.network == prefix.network }
    if let index {
      // Nobody can end it at once by a forged advertisement (§5.5.3 e).
      let floor = now.advanced(byNanoseconds: Self.shortestLifetime)
      if validUntil <= floor, validUntil <= addresses[index].validUntil {
        validUntil = min(floor, addresses[index].validUntil)
      }
    } else {
      guard prefix.validSeconds > 0 else { return }
      guard addresses.count < Self.maximumAddressCount else {
        refusedCount += 1
        return
      }
      index = addresses.count
      addresses.add(newAddress(of: prefix.network, origin: .router, at: now))
    }
    guard let index else { return }
    addresses[index].live(preferredUntil: preferredUntil, validUntil: validUntil, at: now)
  }
}

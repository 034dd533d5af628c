// RFC 826, RFC 4861 §7.2.3 and §7.2.5 before changing this file.

import Platform
import Wire

extension NeighbourCache {
  /// What a neighbour says about its interface.
  struct Claim {
    var address: IPv6Address
    var hardware: EthernetAddress
    /// Whether it answers us; believed when we asked.
    var isAnswer: Bool
    /// Whether it replaces what is known.
    var isOverride = true
    /// Whether it makes an entry.
    var isNews = false
  }

  /// Looks at an ARP packet that arrived; `ours` is the interface's address, `network` its network. Returns the packets
  /// held for its sender, to be sent to `senderHardware`. Who answers requests is the caller.
  mutating func receive(
    _ packet: ARPPacket, ours: IPv4Address, in network: IPv4Network, at now: Instant
  ) -> [[UInt8]] {
    let sender = packet.sender
    // A probe claims nothing, and our own address is the conflict detector's business.
    guard !sender.isUnspecified, sender != ours, packet.senderHardware.isUnicast else { return [] }
    let isForUs = packet.target == ours
    return receive(
      Claim(
        address: IPv6Address(mapped: sender), hardware: packet.senderHardware,
        isAnswer: packet.operation == .reply && isForUs,
        isNews: packet.operation == .request && isForUs && network.mayHold(host: sender)), at: now)
  }

  /// Looks at a solicitation or an advertisement that arrived and is no probe and not about an address of ours.
  /// `isForUs`: a solicitation asks for an address of ours, an advertisement was sent to one. `isOnLink`: its source is
  /// link-local, or in a prefix that is on the link. Returns the packets held for the neighbour, to be sent to
  /// `hardware`. Who answers solicitations is the caller.
  mutating func receive(
    _ message: NeighbourMessage, isForUs: Bool, isOnLink: Bool, at now: Instant
  ) -> [[UInt8]] {
    switch message.kind {
    case .solicitation:
      // It is only looked at by whom it asks for (§7.2.3).
      guard isForUs, !message.source.isUnspecified, let hardware = message.hardware else { return [] }
      return receive(
        Claim(address: message.source, hardware: hardware, isAnswer: false, isNews: isOnLink), at: now)
    case .advertisement(_, let isSolicited, let isOverride):
      // Without a hardware address it confirms the one that is known (§7.2.5).
      guard let hardware = message.hardware ?? hardware(of: message.target) else { return [] }
      return receive(
        Claim(
          address: message.target, hardware: hardware, isAnswer: isSolicited && isForUs,
          isOverride: isOverride), at: now)
    }
  }

  /// A neighbour said of itself where it is: a router in its advertisement (§6.3.4). As `receive` of a solicitation.
  mutating func receive(router: IPv6Address, hardware: EthernetAddress, at now: Instant) -> [[UInt8]] {
    receive(Claim(address: router, hardware: hardware, isAnswer: false, isNews: true), at: now)
  }

  private mutating func hardware(of address: IPv6Address) -> EthernetAddress? {
    guard let index = find(address), entries[index].isResolved else { return nil }
    return entries[index].hardware
  }

  @inline(never)
  private mutating func receive(_ claim: Claim, at now: Instant) -> [[UInt8]] {
    if let index = find(claim.address) { return update(index, claim, at: now) }
    guard claim.isNews else { return [] }
    guard makePlace(forLookup: false, at: now) else {
      refusedCount += 1
      return []
    }
    entries.append(
      Neighbour(
        address: claim.address, hardware: claim.hardware, state: .stale,
        deadline: now.advanced(byNanoseconds: Self.staleTime), changedAt: now))
    return []
  }

  /// Takes what a known neighbour says about itself.
  private mutating func update(_ index: Int, _ claim: Claim, at now: Instant) -> [[UInt8]] {
    let old = entries[index]
    let isNew = !old.isResolved
    // An answer to us that we asked for confirms both ways (RFC 4861 §7.2.5).
    let isAnswer = claim.isAnswer && (old.state == .incomplete || old.state == .probe)
    let isChanged = isNew || old.hardware != claim.hardware
    if isChanged, !isNew {
      guard claim.isOverride else {
        // Somebody else answers too: whether the one that is known still does is found out by using it.
        if old.state == .reachable {
          enter(.stale, index, until: now.advanced(byNanoseconds: Self.staleTime))
        }
        return []
      }
      guard now >= old.changedAt.advanced(byNanoseconds: Self.changeInterval) else {
        refusedChangeCount += 1
        return []
      }
      changedCount += 1
    }
    if isChanged {
      entries[index].hardware = claim.hardware
      entries[index].changedAt = now
    }
    if isAnswer {
      enter(.reachable, index, until: now.advanced(byNanoseconds: Self.reachableTime))
    } else if isChanged {
      enter(.stale, index, until: now.advanced(byNanoseconds: Self.staleTime))
    }
    guard old.state == .incomplete else { return [] }
    let packets = takeHeld(for: old.address)
    if !packets.isEmpty, entries[index].state == .stale {
      enter(.delay, index, until: now.advanced(byNanoseconds: Self.delayTime))
    }
    return packets
  }
}

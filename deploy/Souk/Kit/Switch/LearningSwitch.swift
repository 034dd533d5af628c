// IEEE 802.1D-2004 §7.7 to §7.9, RFC 826, RFC 791 §3.1 and RFC 8200 §3 (where sources stand) before changing this file.
import Bytes
import Platform
import Wire

/// Where the frames of a small Ethernet go: learns who is behind which port, and sends what it does not know
/// everywhere but back. A value without time, sockets or memory of frames.
struct LearningSwitch {
  /// Which of the switch's ports, counted from 0.
  typealias Port = Int

  /// The only one who may send into a port.
  struct Owner {
    var hardware: EthernetAddress
    /// What its IPv4 and its ARP may say that they come from. Without it, one machine could answer for another's
    /// address and would be sent what is the other's: secrets, too. An owner with neither address may say anything.
    var address: IPv4Address?
    /// What its IPv6 may come from besides its address on the link, and what it may say that it has.
    var address6: IPv6Address?
  }

  /// How much, how long.
  struct Limits {
    /// Of a frame from its Ethernet header on; beyond every MTU that our drivers know.
    var maximumFrameByteCount = 9_018
    /// Addresses that are remembered. What comes from another is still carried, and what goes there goes everywhere.
    var maximumAddressCount = 256
    /// After so much silence an address is forgotten (IEEE 802.1D table 7-5).
    var agingTime = Duration.seconds(300)
  }

  /// Why a frame goes nowhere.
  enum Refusal: Int, CaseIterable {
    case truncated, tooLong
    /// From a group, or from nobody.
    case badSource
    /// From an address that is not its port's own: Ethernet's, or IPv4's, or what ARP says of either.
    case foreignSource
    /// To an address that ends at a bridge (IEEE 802.1D table 7-10).
    case linkLocal
    /// To somebody behind the port that it came from.
    case samePort
  }

  enum Verdict: Equatable {
    case port(Port)
    case everyOther
    case nowhere(Refusal)
  }

  private struct Place {
    var port: Port
    var seen: Instant
  }

  private let owners: [Owner?]
  private let limits: Limits
  private var places: [EthernetAddress: Place] = [:]
  private var refusals = [UInt64](repeating: 0, count: Refusal.allCases.count)

  /// A switch with a port for each of `owners`; nil for anybody.
  init(owners: [Owner?], limits: Limits = Limits()) {
    self.owners = owners
    self.limits = limits
  }

  /// Where `frame`, which came in at `port`, goes. Cost: two look-ups in a small table.
  mutating func forward(_ frame: RawSpan, from port: Port, at now: Instant) -> Verdict {
    let verdict = decide(frame, from: port, at: now)
    if case .nowhere(let refusal) = verdict { refusals[refusal.rawValue] += 1 }
    return verdict
  }

  /// Forgets who is behind `port`: what was plugged in there has gone.
  mutating func forget(_ port: Port) { places = places.filter { $0.value.port != port } }

  /// Frames that went nowhere for this reason.
  func count(_ refusal: Refusal) -> UInt64 { refusals[refusal.rawValue] }

  var addressCount: Int { places.count }

  private mutating func decide(_ frame: RawSpan, from port: Port, at now: Instant) -> Verdict {
    guard frame.byteCount >= EthernetFrame.headerByteCount else { return .nowhere(.truncated) }
    guard frame.byteCount <= limits.maximumFrameByteCount else { return .nowhere(.tooLong) }
    let destination = address(frame, at: 0)
    let source = address(frame, at: 6)
    guard source.isUnicast else { return .nowhere(.badSource) }
    if let owner = owners[port] {
      guard owner.hardware == source, speaksForItself(frame, owner) else { return .nowhere(.foreignSource) }
    }
    learn(source, port, now)
    // 01-80-C2-00-00-00 to -0F.
    guard destination.rawValue >> 4 != 0x0180_c200_000 else { return .nowhere(.linkLocal) }
    guard !destination.isMulticast, let place = places[destination], place.seen + limits.agingTime > now
    else {
      return .everyOther
    }
    return place.port == port ? .nowhere(.samePort) : .port(place.port)
  }

  /// Whether what ARP or IPv4 says of the sender is the owner's. Other protocols lead to nobody here.
  private func speaksForItself(_ frame: RawSpan, _ owner: Owner) -> Bool {
    guard owner.address != nil || owner.address6 != nil else { return true }
    switch frame.bigEndian16(at: 12) {
    case 0x0800: return frame.byteCount >= 30 && frame.bigEndian32(at: 26) == owner.address?.rawValue
    case 0x86dd: return owner.address6.map { NeighbourGuard(own: $0).allows(frame) } ?? false
    case 0x0806:
      guard let own = owner.address, frame.byteCount >= 42, address(frame, at: 22) == owner.hardware else {
        return false
      }
      // Zero asks whether somebody has an address (RFC 5227), and claims none.
      let sender = frame.bigEndian32(at: 28)
      return sender == own.rawValue || sender == 0
    default: return true
    }
  }

  private mutating func learn(_ address: EthernetAddress, _ port: Port, _ now: Instant) {
    if places[address] == nil, places.count >= limits.maximumAddressCount {
      places = places.filter { $0.value.seen + limits.agingTime > now }
      guard places.count < limits.maximumAddressCount else { return }
    }
    places[address] = Place(port: port, seen: now)
  }

  private func address(_ frame: RawSpan, at offset: Int) -> EthernetAddress {
    EthernetAddress(
      rawValue: UInt64(frame.bigEndian16(at: offset)) << 32 | UInt64(frame.bigEndian32(at: offset + 2)))
  }
}

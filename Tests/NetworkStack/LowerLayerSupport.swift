import Bytes
import Platform
import Wire

@testable import NetworkStack

/// Numbers that follow from a seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A moment on a test's clock.
func at(milliseconds: Int) -> Instant { Instant(nanoseconds: UInt64(milliseconds) * 1_000_000) }
/// A moment on a test's clock.
func at(seconds: Int) -> Instant { at(milliseconds: seconds * 1000) }

/// The bytes of an IPv4 packet with `payload`.
func ipv4(
  from source: IPv4Address = IPv4Address(10, 0, 0, 2), to destination: IPv4Address = IPv4Address(10, 0, 0, 1),
  _ protocol: IPProtocol, _ payload: [UInt8], _ change: (inout IPv4Header) -> Void = { _ in }
) -> [UInt8] {
  var header = IPv4Header(
    source: source, destination: destination, protocol: `protocol`, payloadByteCount: payload.count)
  header.dontFragment = false
  change(&header)
  var buffer = ByteBuffer()
  buffer.withFreeRoom(atLeast: payload.count + 20) {
    header.write(into: &$0)
    $0.append(contentsOf: payload.span.bytes)
  }
  return buffer.array()
}

/// The bytes of an IPv4 packet of UDP with `payload`.
func ipv4(
  from source: IPv4Address = IPv4Address(10, 0, 0, 2), to destination: IPv4Address = IPv4Address(10, 0, 0, 1),
  _ payload: [UInt8], _ change: (inout IPv4Header) -> Void = { _ in }
) -> [UInt8] { ipv4(from: source, to: destination, .udp, payload, change) }

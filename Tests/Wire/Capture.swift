import Bytes
import Foundation
import Testing

/// Frames that were on a real link: a veth pair between two network namespaces of Linux, without offload,
/// read from an AF_PACKET socket. One frame a line, in hex. DHCP (both sides), the ARP probe and announcement,
/// the packets with IP options, the DNS messages and the reordered TCP client were made by scapy 2.8;
/// everything else is curl, Python's sockets and HTTP server, dnsmasq's router advertisements, and the kernel.
struct Capture: CustomTestStringConvertible, Sendable {
  let name: String
  let frames: [[UInt8]]
  var testDescription: String { name }

  init(_ name: String) {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Captures/\(name).hex")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    self.name = name
    frames = text.split(separator: "\n").map { hex($0) }
    precondition(!frames.isEmpty, "no capture \(name)")
  }

  static let names = [
    "arp", "curl", "dhcp", "dns", "fragments", "icmp-errors", "ipv6", "ipv6-fragments", "ndp", "ping",
    "refused",
    "sack",
  ]
  static let all = names.map { Capture($0) }

  /// The UDP payload of a frame without IP options.
  func udpPayload(_ index: Int) -> [UInt8] { Array(frames[index][42...]) }
  /// The IP payload of a frame without IP options.
  func ipPayload(_ index: Int) -> [UInt8] {
    let total = Int(frames[index][16]) << 8 | Int(frames[index][17])
    return Array(frames[index][34..<14 + total])
  }
}

func hex(_ text: some StringProtocol) -> [UInt8] {
  let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// What `body` appends to an empty buffer.
func written<E: Error>(_ body: (inout OutputRawSpan) throws(E) -> Void) throws(E) -> [UInt8] {
  var buffer = ByteBuffer()
  try buffer.withFreeRoom(atLeast: 4096, body)
  return buffer.array()
}

/// Why `body` refused, nil when it did not.
func refusal<E: Error>(_ body: () throws(E) -> Void) -> E? {
  do throws(E) {
    try body()
    return nil
  } catch { return error }
}

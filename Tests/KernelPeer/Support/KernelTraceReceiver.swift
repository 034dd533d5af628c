import CLinux
import Glibc
import MachineTap
import MachineTesting
import NetworkSimulation
import Platform
import Wire

/// The Linux kernel behind a TAP interface in the calling thread's namespace, whose other end is the sender of a trace.
final class KernelTraceReceiver: TraceReceiver {
  private let device: TapDevice
  private let listener: Int32
  private var stream: Int32 = -1

  init() throws {
    device = try TapDevice(
      inheriting: TapDevice.open(name: "tap0"), hardwareAddress: TraceSender.hardware.rawValue,
      offloads: false)
    try TestNamespace.ip("link set tap0 address \(TraceSender.receiverHardware) addrgenmode none")
    try TestNamespace.ip("link set tap0 up")
    try TestNamespace.ip("address add \(TraceSender.receiver)/24 dev tap0")
    try TestNamespace.ip(
      "neighbour replace \(TraceSender.address) lladdr \(TraceSender.hardware) dev tap0 nud permanent")
    // Linux leaves ACKs out while many segments come out of order, and says less often what it has.
    try TestNamespace.set("net.ipv4.tcp_comp_sack_nr", "0")
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = TraceSender.port.bigEndian
    let bound = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, listen(listener, 1) == 0 else {
      throw TestNamespace.Refused(what: "listen", code: errno)
    }
  }

  deinit {
    close(listener)
    if stream >= 0 { close(stream) }
  }

  func exchange(_ frame: [UInt8], awaiting awaited: ((SeenSegment) -> Bool)?) throws -> [SeenSegment] {
    let empty = RawSpan()
    guard
      device.transmit(
        OutboundFrame(
          header: frame.span.bytes, payload: empty, payloadTail: empty, checksum: nil, segmentByteCount: 0))
    else { throw TestNamespace.Refused(what: "write", code: errno) }
    device.notify()
    var answers: [SeenSegment] = []
    // The kernel has answered before the write returns, but under load it may leave the rest to a thread of its own:
    // whoever needs an answer waits for it.
    while true {
      _ = device.receive(limit: .max) { frame in
        if let segment = SeenSegment(frame: frame.bytes) { answers.append(segment) }
      }
      guard let awaited, !answers.contains(where: awaited), waitForFrame() else { return answers }
    }
  }

  private func waitForFrame() -> Bool {
    var ready = pollfd(fd: device.descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 2_000) > 0
  }

  func read(into bytes: inout [UInt8]) throws {
    if stream < 0 { stream = accept(listener, nil, nil) }
    guard stream >= 0 else { return }
    var room = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(stream, &room, room.count, Int32(MSG_DONTWAIT))
      if count <= 0 { return }
      bytes += room[..<count]
    }
  }
}

import EventLoop
import Log
import NetworkStack
import Platform
import Wire
import _Concurrency

/// The network of a shop of virtual machines: a switch with a port for each machine, and one for this side.
final class VirtualSwitch {
  private var table: LearningSwitch
  private let loop: EventLoop
  private let machines: [StreamPort]
  private let hostPort: LearningSwitch.Port
  private var host: HostPort!
  private var interface: Interface?
  private var timer: Timer?

  /// A switch whose ports belong to `machines`, each with the only one who may send there, and to this side's
  /// interface with the address `hardware`.
  init(
    machines: [(port: StreamPort, owner: LearningSwitch.Owner?)], hardware: EthernetAddress, loop: EventLoop
  ) {
    self.machines = machines.map(\.port)
    self.loop = loop
    hostPort = machines.count
    table = LearningSwitch(owners: machines.map(\.owner) + [.init(hardware: hardware)])
    let hostPort = hostPort
    host = HostPort(
      hardwareAddress: hardware.rawValue, forward: { [unowned self] in forward($0, from: hostPort) },
      settle: { [unowned self] in settle() })
  }

  /// Plugs `stack` into this side's port and starts to carry frames.
  func start(_ stack: NetworkStack, addressing: Addressing, ipv6: IPv6Addressing? = nil) {
    interface = stack.attach(host, addressing: addressing, ipv6: ipv6)
    timer = Timer(loop: loop) { [unowned self] in deliver() }
    for (index, machine) in machines.enumerated() {
      loop.spawn { [self] in
        await machine.run(
          receive: { forward($0, from: index) }, settle: { settle() }, lost: { table.forget(index) })
      }
    }
  }

  func stop() { for machine in machines { machine.stop() } }

  /// What was dropped since the start: no room at a port, and what the switch refused.
  var droppedCount: UInt64 {
    let refused = LearningSwitch.Refusal.allCases.reduce(0 as UInt64) { $0 + table.count($1) }
    return machines.reduce(host.droppedCount + refused) { $0 + $1.droppedCount }
  }

  private func forward(_ frame: RawSpan, from port: LearningSwitch.Port) {
    switch table.forward(frame, from: port, at: loop.now) {
    case .port(let other): append(frame, to: other)
    case .everyOther: for other in 0...hostPort where other != port { append(frame, to: other) }
    case .nowhere: break
    }
  }

  private func append(_ frame: RawSpan, to port: LearningSwitch.Port) {
    if port == hostPort { host.append(frame) } else { machines[port].append(frame) }
  }

  /// Everything that was put into the ports leaves: several frames with one system call.
  private func settle() {
    for machine in machines { machine.flush() }
    // Not from here: the stack may be in the middle of sending.
    if host.hasFrames { timer?.set(loop.now) }
  }

  private func deliver() {
    if interface?.poll() ?? false { timer?.set(loop.now) }
  }
}

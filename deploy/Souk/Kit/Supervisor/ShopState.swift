import Foundation

/// What a running shop tells the other commands, kept in `run/state.json` by its supervisor.
struct ShopState: Codable, Equatable {
  enum Phase: String, Codable { case starting, running, stopping }

  struct Service: Codable, Equatable {
    var name: String
    /// Nil while it waits to be started again.
    var process: ProcessIdentity?
    /// Of Xen's, in the lab.
    var domain: String?
    var port: UInt16
    /// Where /livez, /readyz and /metrics are, when that is another port.
    var adminPort: UInt16?
    var database: String?
    var restarts = 0
    var lastEnding: String?
    /// Of the guest, when it is a virtual machine.
    var machineByteCount: Int?
  }

  var supervisor: ProcessIdentity
  var phase: Phase
  var url: String
  /// The gateway's, on this machine.
  var port: UInt16
  /// By which its ports are reached; nil for IPv4.
  var version: InternetProtocol?
  var currency: String
  var startedAt: String
  /// The namespace of the services' network; nil when they are on Linux's TCP/IP.
  var namespace: String?
  /// Who leads connections into it.
  var forwarder: ProcessIdentity?
  /// The QEMU that the lab's Xen runs in.
  var machine: ProcessIdentity?
  var services: [Service]

  /// Nil for Linux processes.
  var target: Target?
  /// What executes the virtual machines.
  var accelerator: Accelerator?

  var internetProtocol: InternetProtocol { version ?? .v4 }

  var network: ServiceNetwork { namespace == nil ? .kernel : .tap }

  /// Whose TCP/IP serves, and on what.
  var stack: String {
    let machine = accelerator.map { "qemu (\($0.rawValue))" }
    if target == .xen { return "souk on xen" + (machine.map { ", in \($0)" } ?? "") }
    return machine.map { "souk on \($0)" } ?? network.stack
  }

  /// Everything that the supervisor started.
  var processes: [ProcessIdentity] {
    services.compactMap(\.process) + [forwarder, machine].compactMap { $0 }
  }

  static func read(_ path: String) -> ShopState? {
    Files.read(path).flatMap { try? JSONDecoder().decode(ShopState.self, from: Data($0)) }
  }

  func write(_ path: String) throws(Failure) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { throw Failure("the shop's state cannot be encoded") }
    try Files.write(Array(data), to: path, mode: 0o600)
  }
}

/// The shop's services, in the order they depend on each other: a later one calls earlier ones.
enum ServiceKind: String, CaseIterable, Codable {
  case catalog, cart, checkout, gateway

  /// The services it calls.
  var peers: [ServiceKind] {
    switch self {
    case .catalog: []
    case .cart: [.catalog]
    case .checkout: [.catalog, .cart]
    case .gateway: [.catalog, .cart, .checkout]
    }
  }

  var keepsData: Bool { self != .gateway }
}

// Whoever imports this has the operators of texts that stand before the standard library's, as an image demands.
@_exported import Bytes
import CBoot
import Cryptography
import EventLoop
import Hypervisor
import Log
import MachineSettings
import NetworkStack
import Platform
import Virtio
import _Concurrency

/// A service's settings, of whatever machine.
public typealias Settings = MachineSettings.Settings
/// What is wrong with them.
public typealias SettingsError = MachineSettings.SettingsError

/// The machine under a service: an image that is alone on its (virtual) hardware.
///
/// The same surface as the machine of a Linux process: a service's `Main.swift` cannot tell them apart.
public final class Machine {
  /// The status of a service whose settings or data are wrong: starting it again would not help.
  public static let configurationError: Int32 = 78

  /// The service's loop.
  public let loop: EventLoop
  /// The time stamp counter and the real-time clock.
  public let clock: any Clock
  /// HMAC_DRBG, seeded by RDRAND and the host's entropy device, if it has one.
  public let entropy: any Entropy
  /// Our own TCP/IP.
  public let network: any Network
  /// The heap, which is all the memory there is.
  public var memory: (any MemoryGauge)? { board }
  /// Writes to the console.
  public let log: Logger
  /// Where a database runs, beside the loop. Made, with its stack, when it is first asked for.
  public private(set) lazy var databaseWorker = FiberWorker(loop: loop)
  /// What the boot module says.
  public let settings: Settings
  private let board: Board
  private let devices: Devices
  private let imageNetwork: ImageNetwork
  private let termination = Signal()
  /// The toolstack's wishes; nil where there is none.
  private var control: DomainControl?

  private init(_ board: Board, _ settings: Settings, _ log: Logger, _ devices: Devices, _ generator: DRBG) {
    self.board = board
    self.settings = settings
    self.log = log
    self.devices = devices
    loop = board.loop
    clock = board.clock
    entropy = generator
    imageNetwork = ImageNetwork(board, entropy: generator, log: log)
    network = imageNetwork
    if case .xen(let domain) = devices {
      control = DomainControl(board, domain, entropy: generator, termination: termination, log: log)
    }
  }

  /// Starts the machine for `service`, up to its network.
  private static func start(_ service: String, _ board: Board) async throws(SettingsError) -> Machine {
    let machine = try make(service, board)
    let names = machine.settings["outside.address"] == nil ? ["net"] : ["net", "outside"]
    for index in names.indices { try await machine.startNetwork(index, names[index]) }
    machine.listen()
    return machine
  }

  private static func make(_ service: String, _ board: Board) throws(SettingsError) -> Machine {
    let settings = try SettingsModule.parse(board.bootModule.bytes)
    if let expected = settings["service"], expected != service {
      throw SettingsError("the boot module has the settings of " + expected + ", this image is " + service)
    }
    let log = try settings.logger(service: service, console: board.console, clock: board.clock)
    let devices = try Devices.find(board, log)
    let generator = DRBG(seededFrom: SeedSource(try devices.startEntropy()))
    return Machine(board, settings, log, devices, generator)
  }

  /// Starts network device `index`, with the settings of `name`.
  private func startNetwork(_ index: Int, _ name: String) async throws(SettingsError) {
    let device = try await devices.startNetwork(index, usesIPv6: settings[name + ".address6"] != nil)
    try imageNetwork.attach(device, name, settings)
  }

  /// Looks at the network in every turn, and does what the machine's owner and the toolstack ask for.
  private func listen() {
    board.driver.watch(imageNetwork, interruptLine: nil)
    let input = board.input
    let termination = termination
    loop.spawn {
      // Who owns the console owns the machine: `souk` types this, and so may an operator.
      while await input.readLine() != "shutdown" {}
      termination.notify()
    }
    control?.start()
  }

  /// Returns when somebody asks the service to stop: `shutdown` on its console, or Xen's toolstack.
  public func waitForShutdown() async { await termination.wait() }

  /// Where the service's database is: on the machine's disk, which this starts. Call it once.
  public func databaseLocation() async throws(SettingsError) -> DatabaseLocation {
    let worker = databaseWorker
    let disk = try await devices.startDisk { worker.park() }
    board.driver.watch(DiskEvents(disk, worker, log: log), interruptLine: nil)
    return .device(disk)
  }

  /// Listens as `name` ("listen", "admin") on `NAME.address`:`NAME.port`.
  public func listener(_ name: String = "listen") throws(SettingsError) -> any Listener {
    let endpoint = try settings.listeningEndpoint(name, address: "0.0.0.0")
    do throws(NetworkError) {
      return try network.listen(on: endpoint)
    } catch {
      throw SettingsError("cannot listen on port " + String(Int(endpoint.port)))
    }
  }

  /// Where the service `name` listens: `peer.NAME`.
  public func peer(_ name: String) throws(SettingsError) -> Endpoint { try settings.peer(name) }

  /// Runs a service. `body` returns its status once it has been told to stop and has finished what was in flight;
  /// what it throws is printed in one line.
  public static func run(
    _ service: String, _ body: @escaping @Sendable (Machine) async throws(SettingsError) -> Int32
  ) -> Never {
    let board = Board()
    var status: Int32 = 0
    board.loop.spawn {
      do throws(SettingsError) {
        let machine = try await start(service, board)
        do throws(SettingsError) {
          status = try await body(machine)
        } catch {
          status = fail(service, error, board)
        }
        await machine.imageNetwork.finish()
        if status == 0, machine.control?.wantsReboot == true { Domain.reboot() }
      } catch {
        status = fail(service, error, board)
      }
      board.loop.stop()
    }
    board.loop.run()
    let code =
      switch status {
      case 0: BOOT_EXIT_DONE
      case configurationError: BOOT_EXIT_CONFIGURATION
      default: BOOT_EXIT_TRAP
      }
    boot_exit(Int32(code.rawValue))
  }

  @inline(never)
  private static func fail(_ service: String, _ error: SettingsError, _ board: Board) -> Int32 {
    board.console.write(line: service + ": " + error.description)
    return configurationError
  }
}

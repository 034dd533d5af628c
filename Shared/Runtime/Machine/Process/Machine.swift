import CLinux
import EventLoop
import Glibc
import Log
import MachineSettings
import Platform
import _Concurrency

/// The machine under a service: a Linux process.
///
/// What a service needs and cannot make for itself: a loop, clocks, entropy, a network, a log, a thread for its
/// database, its settings, and word of the end.
public final class Machine {
  /// The exit status of a service whose settings or data are wrong: starting it again would not help (sysexits.h).
  public static let configurationError: Int32 = 78

  /// The service's loop.
  public let loop: EventLoop
  /// Linux's clocks.
  public let clock: any Clock
  /// Linux's random numbers.
  public let entropy: any Entropy
  /// The kernel's TCP, or our own where the settings name a TAP interface (`net.tap.fd`).
  public let network: any Network
  /// Linux sees to it: nil.
  public var memory: (any MemoryGauge)? { nil }
  /// Writes to standard error.
  public let log: Logger
  /// The service's settings.
  public let settings: Settings
  /// The one thread that runs SQLite.
  public let databaseWorker: any Worker
  private let kernel: KernelNetwork
  private let own: OwnNetwork?
  private let termination = Signal()

  private init(_ service: String, settings: Settings) throws(SettingsError) {
    let driver = EpollDriver()
    self.settings = settings
    clock = LinuxClock()
    loop = EventLoop(driver: driver, clock: clock)
    entropy = LinuxEntropy()
    kernel = KernelNetwork(driver: driver, loop: loop)
    if settings["net.tap.fd"] == nil {
      own = nil
      network = kernel
    } else {
      let own = try OwnNetwork(settings, driver: driver, loop: loop, entropy: entropy)
      self.own = own
      network = own
    }
    log = try settings.logger(service: service, console: StandardError(), clock: clock)
    let termination = termination
    signals = TerminationSignals(driver: driver) { termination.notify() }
    databaseWorker = WorkerThread()
  }

  private let signals: TerminationSignals

  /// Returns when somebody asks the service to stop (SIGTERM, SIGINT).
  public func waitForShutdown() async { await termination.wait() }

  /// Where the service's database is: in the file `database.path`, or on the disk `database.disk`, which this
  /// process then holds.
  public func databaseLocation() async throws(SettingsError) -> DatabaseLocation {
    switch (settings["database.path"], settings["database.disk"]) {
    case (let path?, nil): return .file(path: path)
    case (nil, let path?):
      do throws(FileDeviceError) {
        return .device(try FileBlockDevice(path: path))
      } catch {
        throw SettingsError("\(path): \(error.advice)")
      }
    case (nil, nil): throw SettingsError("neither database.path nor database.disk is set")
    case (_?, _?): throw SettingsError("database.path and database.disk are both set: one of them is enough")
    }
  }

  /// The socket of `name` ("listen", "admin"): inherited as `NAME.fd`, or opened on `NAME.address`:`NAME.port`.
  public func listener(_ name: String = "listen") throws(SettingsError) -> any Listener {
    if let text = settings[name + ".fd"] {
      guard let descriptor = Int32(text) else { throw SettingsError("\(name).fd=\(text) is not a number") }
      do throws(NetworkError) {
        return try kernel.listener(inheriting: descriptor)
      } catch {
        throw SettingsError("\(name).fd=\(text) is not a listening socket")
      }
    }
    let endpoint = try settings.listeningEndpoint(name, address: "127.0.0.1")
    do throws(NetworkError) {
      return try network.listen(on: endpoint)
    } catch .addressInUse {
      throw SettingsError("port \(endpoint.port) is taken: stop who listens there, or choose another port")
    } catch {
      throw SettingsError("cannot listen on port \(endpoint.port)")
    }
  }

  /// Where the service `name` listens: `peer.NAME`.
  public func peer(_ name: String) throws(SettingsError) -> Endpoint {
    try settings.peer(name)
  }

  /// Runs a service: `NAME --settings FILE`. `body` returns the exit status once it has been told to stop and has
  /// finished what was in flight; what it throws is printed in one line.
  public static func run(
    _ service: String, _ body: @escaping @Sendable (Machine) async throws(SettingsError) -> Int32
  ) -> Never {
    do throws(SettingsError) {
      run(service, settings: try settings(of: service, CommandLine.arguments), body)
    } catch {
      exit(fail(service, error))
    }
  }

  /// The same for a program that has read its command line itself.
  public static func run(
    _ service: String, settings: Settings,
    _ body: @escaping @Sendable (Machine) async throws(SettingsError) -> Int32
  ) -> Never {
    do throws(SettingsError) {
      if settings["supervised"] == "true" { dieWithParent() }
      raiseDescriptorLimit()
      // Databases and whatever else a service writes are its owner's alone, whatever the folder's rights are.
      umask(0o077)
      let machine = try Machine(service, settings: settings)
      var status: Int32 = 0
      machine.loop.spawn {
        do throws(SettingsError) {
          status = try await body(machine)
        } catch {
          status = fail(service, error)
        }
        await machine.own?.finish()
        machine.loop.stop()
      }
      machine.loop.run()
      exit(status)
    } catch {
      exit(fail(service, error))
    }
  }

  private static func settings(of service: String, _ arguments: [String]) throws(SettingsError) -> Settings {
    switch arguments.dropFirst().first {
    case nil: return Settings([:])
    case "--settings" where arguments.count == 3: return try Settings(file: arguments[2])
    default:
      throw SettingsError("usage: \(service) [--settings FILE]; `souk up` writes such a file and starts it")
    }
  }

  /// Each connection is a descriptor: takes as many as the administrator allows, since the shell's usual 1,024 are
  /// fewer than a server's own limit.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  private static func dieWithParent() {
    let parent = getppid()
    _ = souk_die_with_parent(SIGTERM)
    // The parent may have gone before we asked.
    if getppid() != parent || parent == 1 { exit(0) }
  }

  private static func fail(_ service: String, _ error: SettingsError) -> Int32 {
    let line = Array("\(service): \(error.description)\n".utf8)
    StandardError().write(line.span.bytes)
    return configurationError
  }
}

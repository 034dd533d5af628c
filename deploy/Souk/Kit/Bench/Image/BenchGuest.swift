import Foundation
import Glibc

/// A QEMU with QEMU's own network in front of it, for as long as it is measured: no switch, no other machine.
final class BenchGuest {
  /// For a guest's first words, on a busy host and under translation.
  static let startMilliseconds = 60_000
  static let lookMicroseconds: UInt32 = 1_000
  /// For one answer.
  static let answerTimeout = Duration.seconds(10)

  private let name: String
  private let console: String
  private var pid: pid_t?
  /// The guest's console, as somebody who types there has it.
  private let keyboard: Int32
  /// The host's port for each of the guest's.
  private let ports: [UInt16: UInt16]

  /// Starts QEMU with `words` and a network in which the guest has `address` and these ports. What it prints is in
  /// `folder`.
  init(
    _ name: String, _ words: [String], address: String, hardwareAddress: String, ports guestPorts: [UInt16],
    folder: String
  ) throws(Failure) {
    self.name = name
    console = "\(folder)/\(name).console"
    var ports: [UInt16: UInt16] = [:]
    for port in guestPorts {
      let free = try Sockets.listen(port: 0)
      close(free.descriptor)
      ports[port] = free.port
    }
    self.ports = ports
    let forwards = guestPorts.map { ",hostfwd=tcp:127.0.0.1:\(ports[$0]!)-\(address):\($0)" }.joined()
    let network =
      "user,id=bench,net=10.83.0.0/\(InnerNetwork.prefixLength),host=\(InnerNetwork.gateway),restrict=on"
      + forwards
    let output = open(console, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw Failure("cannot make \(console)") }
    let typed = try Sockets.pipe()
    keyboard = typed.writing
    defer {
      close(output)
      close(typed.reading)
    }
    var spawn = Spawn(
      executable: "/proc/self/exe",
      arguments: MachineCommand.arguments(
        VirtualMachine.program,
        words + [
          "-netdev", network, "-device", "virtio-net-device,netdev=bench,mac=\(hardwareAddress)",
        ]))
    spawn.descriptors = [(typed.reading, 0), (output, 1), (output, 2)]
    pid = try spawn.start()
  }

  deinit {
    stop()
    close(keyboard)
  }

  /// Asks an image to end, and waits until it has: its database is then as after every good end.
  func shutDown() throws(Failure) {
    guard let pid else { return }
    Files.writeAll(Array(ManagedService.shutdownLine.utf8), to: keyboard)
    let end = EndOfProcess(pid)
    guard end.wait(milliseconds: Int32(Self.startMilliseconds)) else { throw Failure("\(name) does not end") }
    stop()
  }

  func stop() {
    guard let pid else { return }
    self.pid = nil
    kill(pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }

  /// Returns once the guest has printed `words`.
  func waitForWords(_ words: String) throws(Failure) {
    let deadline = PollLoop.now() + Self.startMilliseconds
    repeat {
      if Files.text(console)?.contains(words) == true { return }
      if let pid {
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) == pid { self.pid = nil }
      }
      guard pid != nil else { break }
      usleep(Self.lookMicroseconds)
    } while PollLoop.now() < deadline
    let said = (Files.text(console) ?? "").split(separator: "\n").suffix(3).joined(separator: " / ")
    throw Failure("\(name) does not start: \(said)")
  }

  /// One request on a connection of its own, which is over when this returns; the answer must have this status.
  @discardableResult
  func send(
    _ path: String, port: UInt16, post body: String? = nil, token: String = "", expecting status: Int = 200,
    timeout: Duration = BenchGuest.answerTimeout
  ) throws(Failure) -> GatewayClient.Answer {
    let client = GatewayClient(host: "127.0.0.1", port: ports[port] ?? 0, timeout: timeout)
    defer { client.disconnect() }
    do throws(GatewayClient.Silence) {
      let answer =
        if let body {
          try client.send(
            .post, path,
            fields: [("content-type", "application/json"), ("authorization", "Bearer \(token)")],
            body: Array(body.utf8))
        } else {
          try client.send(.get, path)
        }
      guard answer.status == status else { throw .malformed(answer.reason) }
      return answer
    } catch {
      throw Failure("\(name) does not answer \(path): \(error.description)")
    }
  }
}

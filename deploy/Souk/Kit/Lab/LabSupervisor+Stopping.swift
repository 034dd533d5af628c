import CLinux
import Glibc

/// The end of a lab.
extension LabSupervisor {
  /// A signal is an event like any other.
  func watchSignals() {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGCHLD, SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
    sigprocmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
    signals = signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
    loop.whenReadable(signals) { [unowned self] in
      var information = signalfd_siginfo()
      while read(signals, &information, MemoryLayout<signalfd_siginfo>.size) > 0 {
        received(Int32(information.ssi_signo))
      }
    }
  }

  private func received(_ signal: Int32) {
    switch signal {
    case SIGCHLD:
      var status: Int32 = 0
      while true {
        let pid = waitpid(-1, &status, WNOHANG)
        guard pid > 0 else { break }
        if pid == machine?.pid { machine?.ended(Ending(status: status)) }
        if pid == network?.pid { network?.ended(Ending(status: status)) }
        if pid == seeding?.pid { seeding?.ended(Ending(status: status)) }
      }
    case SIGHUP where configuration.isDetached: break
    default:
      if phase == .stopping {
        tell("stopping at once")
        endMachine()
      } else {
        tell("stopping")
        stop()
      }
    }
  }

  /// Stops because something is beyond repair.
  func fail(_ text: String) {
    guard failure == nil, phase != .stopping else { return }
    let words = lastLines.map { "\n  " + $0 }.joined()
    let failure = Failure(text + (words.isEmpty ? "" : "\nThe way there:") + words)
    self.failure = failure
    if !configuration.isDetached { note(failure.message) }
    stop()
  }

  /// dom0 stops the domains, the gateway first, and the machine goes when they have.
  func stop() {
    guard phase != .stopping, phase != .finished else { return }
    let hasDomains = phase != .booting && failure == nil
    phase = .stopping
    command?.forget()
    command = nil
    if let seeding { kill(seeding.pid, SIGTERM) }
    ManagedService.endListening([storefront] + doors.values)
    do throws(Failure) { try state().write(folder.stateFile) } catch { note(error.message) }
    stopTimer = loop.after(Self.stopMilliseconds) { [unowned self] in endMachine() }
    guard hasDomains else { return endMachine() }
    command = Dom0Command(
      "cd \(Lab.placeInDom0) && SOUK_DEADLINE=\(Self.stopSeconds) ./down.sh; sync", in: lab, loop: loop,
      line: { [unowned self] in hear(String(decoding: ManagedService.printable($0), as: UTF8.self)) },
      ended: { [unowned self] _ in endMachine() })
    if command == nil { endMachine() }
  }

  /// QEMU writes what it still has when it is told to end.
  private func endMachine() {
    command?.forget()
    command = nil
    guard let machine else { return endNetwork() }
    kill(machine.pid, SIGTERM)
    loop.cancel(stopTimer)
    stopTimer = loop.after(ManagedService.probeMilliseconds) { kill(machine.pid, SIGKILL) }
  }

  /// QEMU is gone, wanted or not.
  func machineEnded(_ ending: Ending) {
    machine = nil
    machineIdentity = nil
    loop.cancel(stopTimer)
    if phase == .stopping {
      tell("stopped")
    } else {
      // Without what Xen says about each domain's making.
      let console = (Files.text(lab.console) ?? "").split(whereSeparator: \.isNewline)
        .filter { !$0.contains(" save: ") && !$0.contains(" restore: ") }
      let last = console.suffix(5).map { "\n  " + $0 }.joined()
      let words = lastLines.map { "\n  " + $0 }.joined()
      failure = Failure("the lab's machine \(ending.description). Last words:\(words)\(last)")
      if !configuration.isDetached { note(failure?.message ?? "") }
      phase = .stopping
    }
    endNetwork()
  }

  /// The last to go is the switch.
  private func endNetwork() {
    guard let network, network.isRunning else {
      phase = .finished
      return
    }
    network.stop()
  }
}

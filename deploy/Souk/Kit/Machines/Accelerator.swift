import ArgumentParser
import Glibc

/// What executes a virtual machine's instructions.
enum Accelerator: String, Codable {
  /// QEMU's translator: everywhere, and slower.
  case tcg
  /// The processor, by the kernel's leave.
  case kvm

  /// What a user asks for.
  enum Choice: String, CaseIterable, ExpressibleByArgument {
    case auto, tcg, kvm
  }

  /// For a guest that does next to nothing.
  static let probeMilliseconds = 3_000
  static let device = "/dev/kvm"

  /// The accelerator for `choice`, and why it is that one where somebody may wonder. `/dev/kvm` may be there and
  /// unable to run a guest: what counts is that an image runs, which `boots` tries.
  static func choose(
    _ choice: Choice, device: String = device, boots: () throws(Failure) -> Bool
  ) throws(Failure) -> (accelerator: Accelerator, reason: String?) {
    guard choice != .tcg else { return (.tcg, nil) }
    let obstacle: String
    if access(device, F_OK) != 0 {
      obstacle = "there is no \(device)"
    } else if access(device, R_OK | W_OK) != 0 {
      obstacle = "\(device) is not yours to use (the group kvm has it)"
    } else if try boots() {
      return (.kvm, nil)
    } else {
      obstacle = "\(device) is there, but an image does not run on it"
    }
    guard choice == .auto else {
      throw Failure("--accel kvm is not possible here: \(obstacle); --accel tcg does without")
    }
    return (.tcg, obstacle)
  }

  /// Boots `image` on KVM without settings, which it ends with a word about: that word says that it ran.
  static func kvmBoots(_ image: String) throws(Failure) -> Bool {
    // Any file is a module that it refuses in words.
    let machine = VirtualMachine(
      name: "probe", image: image, module: image, memoryMegabytes: 32, accelerator: .kvm)
    let pipe = try Sockets.pipe()
    defer { close(pipe.reading) }
    var spawn = Spawn(
      executable: "/proc/self/exe",
      arguments: MachineCommand.arguments(VirtualMachine.program, machine.arguments))
    spawn.descriptors = [(pipe.writing, 1), (pipe.writing, 2)]
    let pid: pid_t
    do throws(Failure) {
      pid = try spawn.start()
    } catch {
      close(pipe.writing)
      throw error
    }
    close(pipe.writing)
    if !isAtEnd(pipe.reading) { kill(pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return ImageExit(Ending(status: status)) != nil
  }

  /// Waits for the end of what QEMU says. False when it goes on for too long, or says that KVM has given up: it then
  /// stays for somebody to look at.
  private static func isAtEnd(_ output: Int32) -> Bool {
    let deadline = PollLoop.now() + probeMilliseconds
    var said: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, Int32(max(0, deadline - PollLoop.now()))) == 1 else { return false }
      let count = read(output, &chunk, chunk.count)
      guard count > 0 else { return true }
      said += chunk[..<count]
      if String(decoding: said, as: UTF8.self).contains("KVM internal error") { return false }
    }
  }
}

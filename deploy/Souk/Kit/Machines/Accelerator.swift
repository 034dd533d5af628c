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

  /// For a guest that does next to nothing; broken ones hang, or end at once with a status of QEMU's own.
  static let probeMilliseconds: Int32 = 4_000
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
    let nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)
    let high = fcntl(nowhere, F_DUPFD_CLOEXEC, Sockets.lowestInherited)
    defer {
      close(nowhere)
      close(high)
    }
    var spawn = Spawn(executable: "/usr/bin/env", arguments: [VirtualMachine.program] + machine.arguments)
    spawn.descriptors = [(high, 1), (high, 2)]
    let pid = try spawn.start()
    let ended = EndOfProcess(pid).wait(milliseconds: probeMilliseconds)
    if !ended { kill(pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return ended && ImageExit(Ending(status: status)) != nil
  }
}

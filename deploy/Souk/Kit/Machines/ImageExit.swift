/// How a virtual machine ended, by QEMU's exit status: `2 * code + 1`, where the code is an image's `boot_exit_code`
/// (Shared/Runtime/CBoot/include/CBoot.h). Anything else is QEMU's own.
enum ImageExit: Int32, CaseIterable {
  case done = 33
  case trap = 35
  case stackOverflow = 37
  case outOfMemory = 39
  case heapMisuse = 41
  case unfitMachine = 43
  case configuration = 45
  case deviceLost = 47

  /// Nil for an ending that no image chose.
  init?(_ ending: Ending) {
    guard case .exited(let status) = ending, let exit = ImageExit(rawValue: status) else { return nil }
    self = exit
  }

  /// QEMU's own status for a command line that it refuses, or a file that it cannot open.
  static let refusal = Ending.exited(1)

  /// What follows the service's name.
  var words: String {
    switch self {
    case .done: "ended"
    case .trap: "trapped"
    case .stackOverflow: "overflowed its stack"
    case .outOfMemory: "ran out of memory"
    case .heapMisuse: "damaged its heap"
    case .unfitMachine: "cannot run on this machine"
    case .configuration: "was started with wrong settings or a wrong disk"
    case .deviceLost: "lost a device"
    }
  }

  /// What follows the service's name, for any ending of QEMU.
  static func words(_ ending: Ending) -> String {
    if let exit = ImageExit(ending) { return exit.words }
    return ending == refusal ? "was refused by QEMU" : "lost its QEMU, which \(ending.description)"
  }

  /// Whether a restart would only end in the same way.
  static func needsAPerson(_ ending: Ending) -> Bool {
    switch ImageExit(ending) {
    case .unfitMachine, .configuration: true
    case nil: ending == refusal
    default: false
    }
  }
}

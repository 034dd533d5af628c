import Foundation

/// Bytes between virtual machines, ours beside Linux in the same place: what deploy/unikernel/transfer and
/// deploy/xen-lab/transfer print.
struct MachineTransfer: Encodable {
  /// What moved, and where.
  var name: String
  var megabytesPerSecond: Double
  var linuxMegabytesPerSecond: Double
  var ratio: Double

  /// Measures in QEMU, over IPv4 and IPv6, and in the Xen lab.
  static func run(rounds: Int, _ progress: (String) -> Void) throws(Failure) -> [MachineTransfer] {
    var found: [MachineTransfer] = []
    for (place, words) in [
      ("QEMU, IPv4", ["unikernel/transfer"]), ("QEMU, IPv6", ["unikernel/transfer", "--ip", "6"]),
      ("Xen", ["xen-lab/transfer"]),
    ] {
      progress("between machines: \(place)")
      let script = Checkout.root + "/deploy/" + words[0]
      let answer = try Captured.run([script, "--rounds", "\(rounds)"] + words.dropFirst())
      guard answer.exitCode == 0 else {
        throw Failure("\(Files.shown(script)) ended with \(answer.exitCode): \(answer.output)")
      }
      let rows = rows(answer.output, in: place)
      guard !rows.isEmpty else {
        throw Failure("\(Files.shown(script)) did not say what it measured: \(answer.output)")
      }
      found += rows
    }
    return found
  }

  /// The lines of `output` that end in three numbers: `domain to dom0     42.1     39.3     1.07`.
  static func rows(_ output: String, in place: String) -> [MachineTransfer] {
    output.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      let numbers = words.suffix(3).compactMap { Double($0) }
      guard words.count > 3, numbers.count == 3 else { return nil }
      return MachineTransfer(
        name: "\(place), \(words.dropLast(3).joined(separator: " "))", megabytesPerSecond: numbers[0],
        linuxMegabytesPerSecond: numbers[1], ratio: numbers[2])
    }
  }
}

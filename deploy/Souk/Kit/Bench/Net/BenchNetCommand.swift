import ArgumentParser

struct BenchNetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "net", abstract: "Measure our TCP/IP: speed, instructions, allocations.",
    discussion: """
      Two stacks in one process, without loss and with; instructions and allocations under valgrind; and, as root, \
      our stack against iperf on the kernel's over a TAP interface, in turns with two kernels joined by a relay, and \
      over a cable with loss and delay in turns with Linux's CUBIC; each over IPv4 and IPv6. With --machines also \
      between two images in QEMU and in the Xen lab, in turns with Linux there, which takes some minutes more. \
      Prints medians; compare ratios and instructions, not wall times of different machines.
      """)

  @Option(help: "How many rounds; the median counts.")
  var rounds = 5

  @Option(help: "Megabytes per transfer between two stacks.")
  var megabytes = 100

  @Option(help: "Seconds per transfer over TAP.")
  var seconds = 1.0

  @Flag(help: "Measure between virtual machines, too.")
  var machines = false

  @Flag(help: "For scripts.")
  var json = false

  func validate() throws {
    guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100") }
    guard (1...100_000).contains(megabytes) else { throw ValidationError("--megabytes must be 1 to 100000") }
    guard (0.05...60).contains(seconds) else { throw ValidationError("--seconds must be 0.05 to 60") }
  }

  func run() throws {
    let report = try Progress.show { progress throws(Failure) in
      try NetBench(rounds: rounds, megabytes: megabytes, seconds: seconds, hasMachines: machines).run(
        progress)
    }
    Console().print(json ? try StatusReport.encode(report) : report.text)
  }
}

import ArgumentParser

struct BenchImageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image", abstract: "Measure the images: instructions, memory, size, time to a whole shop.",
    discussion: """
      A plugin of QEMU's translator counts the guest's instructions; a processor that waits executes none, so idle time \
      does not count. Beside the four images, Debian's cloud kernel with busybox httpd boots four times as well, in the \
      same run: its packages are fetched with apt-get and not installed.
      """)

  @Flag(help: "Instructions and sizes only, with fewer requests: under a minute, for CI.")
  var quick = false

  @Flag(help: "Also print the functions that took the instructions.")
  var profile = false

  @Option(help: "The folder with the images.", completion: .directory)
  var images = Checkout.images

  @Flag(help: "For scripts.")
  var json = false

  func run() throws {
    if let obstacle = VirtualMachine.obstacle() { throw Failure(obstacle) }
    let report = try Progress.show { progress throws(Failure) in
      try ImageBench(images: Files.absolute(images), isQuick: quick, profiles: profile).run(progress)
    }
    Console().print(json ? try StatusReport.encode(report) : report.text)
  }
}

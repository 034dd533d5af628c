import Glibc

extension Supervisor {
  /// Fills an empty shop with the demo catalog, through the gateway like any import.
  ///
  /// The import runs as a process of its own, so that the services' output is read meanwhile.
  func seed() {
    guard Files.exists(Checkout.demoCatalog) else { return announce() }
    phase = .seeding
    do throws(Failure) {
      let pipe = try Sockets.pipe()
      var spawn = Spawn(executable: "/proc/self/exe", arguments: [])
      spawn.arguments = [
        "import", Checkout.demoCatalog, "--images", Checkout.demoImages, "--if-empty", "--data", folder.path,
      ]
      spawn.descriptors = [(pipe.writing, 1), (pipe.writing, 2)]
      defer { close(pipe.writing) }
      seeding = try spawn.start()
      seedOutput = pipe.reading
      Sockets.setNonBlocking(pipe.reading)
      loop.whenReadable(pipe.reading) { [unowned self] in readSeedOutput() }
    } catch {
      tell("the demo catalog was not imported: \(error.message)")
      announce()
    }
  }

  func seedEnded(_ ending: Ending) {
    seeding = nil
    readSeedOutput()
    if let seedOutput {
      loop.forget(seedOutput)
      close(seedOutput)
    }
    seedOutput = nil
    guard phase == .seeding else { return }
    if ending != .exited(0) {
      tell("the import of the demo catalog \(ending.description); the shop is open all the same")
    }
    announce()
  }

  private func readSeedOutput() {
    guard let seedOutput else { return }
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(seedOutput, &chunk, chunk.count)
      guard count > 0 else {
        // The end of the pipe comes before the end of the process.
        if count == 0 { loop.forget(seedOutput) }
        return
      }
      for line in seedSplitter.take(chunk[..<count]) { tell(String(decoding: line, as: UTF8.self)) }
    }
  }
}

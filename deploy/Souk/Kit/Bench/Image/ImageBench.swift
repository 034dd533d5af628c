import Foundation

/// Boots the images one after another under the counting plugin, then looks for the least memory, then boots four at
/// once beside Debian.
struct ImageBench {
  /// Requests before those that count: hash tables, slabs and paths of the translator's are then there.
  static let warmUpCount = 10

  let images: String
  let isQuick: Bool
  let profiles: Bool

  private var requestCount: Int { isQuick ? 50 : 200 }

  func run(_ progress: (String) -> Void) throws(Failure) -> ImageBenchReport {
    let folder = try BenchMachine.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let plugin = try InstructionCounter.buildPlugin(in: folder)
    var report = ImageBenchReport(
      date: StatusReport.time(Date()), processor: BenchMachine.processor, requestCount: requestCount,
      images: [],
      instructionsPerProduct: 0, starts: [])
    for kind in ServiceKind.allCases {
      progress("counting the instructions of \(kind.rawValue)")
      let image = try MeasuredImage(kind, images: images, folder: folder)
      report.images.append(try measure(image, plugin, &report))
    }
    guard !isQuick else { return report }
    for index in report.images.indices {
      progress("looking for the least memory of \(report.images[index].name)")
      let kind = ServiceKind.allCases[index]
      report.images[index].leastMegabytes = try LeastMemory.find(
        MeasuredImage(kind, images: images, folder: folder), requestCount: requestCount)
    }
    let race = StartRace(images: images, folder: folder)
    (report.starts, report.debianObstacle) = try race.run(progress)
    return report
  }

  // MARK: Instructions

  private func measure(
    _ image: MeasuredImage, _ plugin: String, _ report: inout ImageBenchReport
  ) throws(Failure) -> ImageBenchReport.Image {
    let file = try symbols(image)
    try image.makeDisk()
    let first = image.kind.keepsData ? try boot(image, plugin, file.code) : nil
    try first?.guest.shutDown()
    let boot = try boot(image, plugin, file.code)
    defer { boot.guest.stop() }
    let path = "/livez"
    let requests = try repeated(boot) { () throws(Failure) in
      try boot.guest.send(path, port: image.livezPort)
    }
    if image.kind == .catalog {
      let product = try makeProduct(boot.guest)
      let products = try repeated(boot) { () throws(Failure) in
        try boot.guest.send(product, port: InnerNetwork.port)
      }
      report.instructionsPerProduct = products.each
      report.productProfile = profile(products.before, products.after, file.symbols)
    }
    return ImageBenchReport.Image(
      name: image.kind.rawValue, fileByteCount: Files.byteCount(image.image) ?? 0,
      bootInstructions: boot.instructions, firstBootInstructions: first?.instructions,
      readyInstructions: boot.ready, instructionsPerRequest: requests.each,
      bootProfile: profile([:], boot.blocks, file.symbols),
      requestProfile: profile(requests.before, requests.after, file.symbols))
  }

  private typealias Boot = (
    guest: BenchGuest, counter: InstructionCounter, ready: UInt64, instructions: UInt64,
    blocks: InstructionCounter.Blocks
  )

  /// From the entry to a machine that has answered once and rests.
  private func boot(
    _ image: MeasuredImage, _ plugin: String, _ code: Range<UInt64>
  ) throws(Failure) -> Boot {
    let counter = try InstructionCounter("\(image.folder)/\(image.kind.rawValue).counts")
    let guest = try image.start(
      megabytes: MachinePlan(accelerator: .tcg).megabytes(image.kind),
      more: counter.arguments(plugin: plugin, code: code))
    try guest.waitForWords(MeasuredImage.readyWords)
    let ready = try counter.whenQuiet()
    try guest.send("/livez", port: image.livezPort)
    let instructions = try counter.whenQuiet()
    return (guest, counter, ready, instructions, counter.blocks)
  }

  private func repeated(
    _ boot: Boot, _ request: () throws(Failure) -> Void
  ) throws(Failure) -> (each: Double, before: InstructionCounter.Blocks, after: InstructionCounter.Blocks) {
    for _ in 0..<Self.warmUpCount { try request() }
    let start = try boot.counter.whenQuiet()
    let before = profiles ? boot.counter.blocks : [:]
    for _ in 0..<requestCount { try request() }
    let end = try boot.counter.whenQuiet()
    return (Double(end - start) / Double(requestCount), before, profiles ? boot.counter.blocks : [:])
  }

  private func profile(
    _ before: InstructionCounter.Blocks, _ after: InstructionCounter.Blocks, _ symbols: [ELFFile.Symbol]
  ) -> InstructionProfile? {
    profiles ? InstructionProfile(from: before, to: after, symbols).demangled() : nil
  }

  /// Where the image's code is, and whose, by the file with symbols.
  private func symbols(
    _ image: MeasuredImage
  ) throws(Failure) -> (code: Range<UInt64>, symbols: [ELFFile.Symbol]) {
    let path = "\(images)/\(image.kind.rawValue).debug"
    guard let file = Files.read(path).flatMap(ELFFile.init) else {
      throw Failure("\(Files.shown(path)) is not there, or no ELF file")
    }
    guard let text = file.sections.first(where: { $0.name == ".text" }) else {
      throw Failure("\(Files.shown(path)) has no code")
    }
    return (text.address..<text.address + UInt64(text.byteCount), profiles ? file.symbols : [])
  }

  /// A product in the catalog. Returns its path.
  private func makeProduct(_ guest: BenchGuest) throws(Failure) -> String {
    let body =
      #"{"sku":"BENCH-1","name":"Ocean Blue Shirt","price":{"amount":5000,"currency":"EUR"},"onHand":25,"#
      + #""description":"Ocean blue cotton shirt with a narrow collar and buttons down the front.","tags":["men"]}"#
    let answer = try guest.send(
      "/api/v1/products", port: InnerNetwork.port, post: body, token: MeasuredImage.token, expecting: 201)
    guard let id = answer.json?["id"]?.string else { throw Failure("the catalog's answer has no id") }
    return "/api/v1/products/\(id)"
  }
}

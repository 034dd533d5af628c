import Foundation

/// Four machines of ours, started at once, beside four of Debian's, in turns.
struct StartRace {
  static let rounds = 3

  let images: String
  let folder: String

  func run(
    _ progress: (String) -> Void
  ) throws(Failure) -> (starts: [ImageBenchReport.Start], debianObstacle: String?) {
    let services = try ServiceKind.allCases.map { kind throws(Failure) in
      try MeasuredImage(kind, images: images, folder: folder)
    }
    for service in services { try service.makeDisk() }
    let megabytes = 16
    var ours = ImageBenchReport.Start(
      name: "Souk: catalog, cart, checkout, gateway", milliseconds: [], megabytesEach: megabytes)
    var debian: DebianGuest?
    var obstacle: String?
    progress("fetching Debian's kernel")
    do throws(Failure) {
      debian = try DebianGuest(in: folder)
    } catch {
      obstacle = error.description
    }
    var theirs = ImageBenchReport.Start(
      name: "Debian cloud kernel, busybox httpd", milliseconds: [], megabytesEach: DebianGuest.megabytes)
    for round in 1...Self.rounds {
      progress("round \(round) of \(Self.rounds): four of Souk's machines")
      ours.milliseconds.append(
        try time(services.map { ("/livez", $0.livezPort, MeasuredImage.readyWords) }) {
          index throws(Failure) in
          try services[index].start(megabytes: megabytes)
        })
      guard let debian else { continue }
      progress("round \(round) of \(Self.rounds): four of Debian's")
      let goals = services.indices.map { _ in ("/", InnerNetwork.port, DebianGuest.readyWords) }
      theirs.milliseconds.append(
        try time(goals) { index throws(Failure) in try debian.start("debian-\(index)") })
    }
    return (debian == nil ? [ours] : [ours, theirs], obstacle)
  }

  /// Milliseconds from the first start until the last one has answered.
  private func time(
    _ goals: [(path: String, port: UInt16, words: String)], _ start: (Int) throws(Failure) -> BenchGuest
  ) throws(Failure) -> Double {
    let clock = ContinuousClock()
    let began = clock.now
    var guests: [BenchGuest] = []
    defer { for guest in guests { guest.stop() } }
    for index in goals.indices { guests.append(try start(index)) }
    for (guest, goal) in zip(guests, goals) {
      try guest.waitForWords(goal.words)
      try guest.send(goal.path, port: goal.port)
    }
    return (clock.now - began) / .milliseconds(1)
  }
}

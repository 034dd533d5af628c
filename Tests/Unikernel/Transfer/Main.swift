import EventLoop
import Log
import Machine
import MachineSettings
import Platform
import _Concurrency

/// An image that moves bytes and nothing else, to measure its drivers by: whoever connects to port 5001 is sent
/// `bytes` zeros, whoever connects to 5002 is read to the end and told how many came, and a line on 5003 ("read 64",
/// "write 64": mebibytes) moves as much from or to the disk, which it overwrites, and is answered with the nanoseconds
/// that took. A write counts once it is flushed. With `peer.source` it connects there (the port 5001 of another such
/// image) as often as `rounds` says, reads to the end, and says how long each took.
@main
enum Main {
  static func main() {
    Machine.run("transfer") { (machine) async throws(SettingsError) in try await serve(on: machine) }
  }

  private static func serve(on machine: Machine) async throws(SettingsError) -> Int32 {
    let byteCount = Int(machine.settings["bytes"] ?? "") ?? 64 << 20
    var disk: DiskTransfer?
    if machine.settings["disk"] == "yes" {
      guard case .device(let device) = try await machine.databaseLocation() else { return 1 }
      disk = DiskTransfer(device, worker: machine.databaseWorker, loop: machine.loop)
    }
    try listen(5001, machine) { stream throws(NetworkError) in try await send(byteCount, to: stream) }
    try listen(5002, machine) { stream throws(NetworkError) in
      let count = try await drain(stream)
      try await send("\(count)\n", to: stream)
    }
    if let disk {
      try listen(5003, machine) { stream throws(NetworkError) in
        try await send("\(await disk.run(try await line(from: stream)))\n", to: stream)
      }
    }
    machine.log.info("ready")
    if machine.settings["peer.source"] != nil {
      let source = try machine.settings.peer("source")
      for _ in 0..<(Int(machine.settings["rounds"] ?? "") ?? 3) {
        do throws(NetworkError) {
          try await measure(from: source, machine)
        } catch {
          throw SettingsError("nobody sends")
        }
      }
      machine.log.info("done")
    }
    await machine.waitForShutdown()
    return 0
  }

  private static func measure(from source: Endpoint, _ machine: Machine) async throws(NetworkError) {
    let clock = machine.loop.clock
    let start = clock.now
    let stream = try await machine.network.connect(
      to: source, until: start.advanced(byNanoseconds: 10_000_000_000))
    defer { stream.close() }
    let count = try await drain(stream)
    let time = clock.now - start
    machine.log.info(
      "received", LogField("bytes", count), LogField("microseconds", Int(time.nanoseconds / 1000)))
  }

  private static func listen(
    _ port: UInt16, _ machine: Machine,
    _ serve: @escaping (any ByteStream) async throws(NetworkError) -> Void
  ) throws(SettingsError) {
    let listener: any Listener
    do throws(NetworkError) {
      listener = try machine.network.listen(on: Endpoint(.v6(0, 0), port: port))
    } catch {
      throw SettingsError("cannot listen")
    }
    machine.loop.spawn {
      do throws(NetworkError) {
        while true {
          try await listener.waitAcceptable()
          while let stream = try listener.accept() {
            do throws(NetworkError) { try await serve(stream) } catch {}
            stream.close()
          }
        }
      } catch {}
    }
  }

  // MARK: Bytes

  private static func send(_ count: Int, to stream: any ByteStream) async throws(NetworkError) {
    let block = [UInt8](repeating: 0, count: 65_536)
    var left = count
    while left > 0 {
      let taken = try stream.send(block.span.bytes.extracting(first: min(left, block.count)))
      left -= taken
      if taken == 0 { try await stream.waitWritable(until: .never) }
    }
  }

  private static func send(_ text: String, to stream: any ByteStream) async throws(NetworkError) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let taken = try stream.send(bytes.span.bytes.extracting(droppingFirst: sent))
      sent += taken
      if taken == 0 { try await stream.waitWritable(until: .never) }
    }
  }

  /// Reads to the end; how many bytes came.
  private static func drain(_ stream: any ByteStream) async throws(NetworkError) -> Int {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    defer { room.deallocate() }
    var total = 0
    while true {
      switch try receive(from: stream, into: room) {
      case .bytes(let count): total += count
      case .nothingYet: try await stream.waitReadable(until: .never)
      case .end: return total
      }
    }
  }

  private static func line(from stream: any ByteStream) async throws(NetworkError) -> String {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 16)
    defer { room.deallocate() }
    while true {
      switch try receive(from: stream, into: room) {
      case .bytes(let count):
        return String(
          decoding: UnsafeRawBufferPointer(rebasing: room[..<count]).prefix { $0 != 10 }, as: UTF8.self)
      case .nothingYet: try await stream.waitReadable(until: .never)
      case .end: throw .closed
      }
    }
  }

  private static func receive(
    from stream: any ByteStream, into room: UnsafeMutableRawBufferPointer
  ) throws(NetworkError) -> Received {
    var span = OutputRawSpan(buffer: room, initializedCount: 0)
    return try stream.receive(into: &span)
  }
}

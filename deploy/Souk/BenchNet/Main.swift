import Bytes
import EventLoop
import Glibc
import NetworkSimulation
import NetworkStack
import Platform
import Wire

/// Measures our TCP/IP: `bench-net pair --megabytes 100 --loss 0.01`.
@main
enum Main {
  static func main() {
    var megabytes = 100
    var loss = 0.0
    var arguments = CommandLine.arguments.dropFirst()
    while let word = arguments.popFirst() {
      switch word {
      case "--megabytes": megabytes = Int(arguments.popFirst() ?? "") ?? 100
      case "--loss": loss = Double(arguments.popFirst() ?? "") ?? 0
      default: break
      }
    }
    let driver = SimulationDriver()
    let loop = EventLoop(driver: driver, clock: driver.clock)
    let wire = SimulatedWire(loop: loop, seed: 1)
    let a = wire.attach(hardwareAddress: 0x0200_0000_0001)
    let b = wire.attach(hardwareAddress: 0x0200_0000_0002)
    let net = IPv4Network(IPv4Address(10, 0, 0, 0), prefixLength: 24)
    let left = NetworkStack(loop: loop, entropy: Seeded(1))
    let right = NetworkStack(loop: loop, entropy: Seeded(2))
    let li = left.attach(a, addressing: .fixed(address: IPv4Address(10, 0, 0, 1), network: net, gateway: nil))
    let ri = right.attach(
      b, addressing: .fixed(address: IPv4Address(10, 0, 0, 2), network: net, gateway: nil))
    a.whenReady = { _ = li.poll() }
    b.whenReady = { _ = ri.poll() }
    a.impairments.loss = loss
    b.impairments.loss = loss
    driver.sources.append { wire.pump() }
    let listener = try! right.listen(on: Endpoint(.any, port: 80))
    let client = try! left.open(to: Endpoint(.v4(0x0a00_0002), port: 80))
    let chunk = [UInt8](repeating: 7, count: 64 << 10)
    let total = megabytes * 1_000_000
    var sent = 0
    var got = 0
    var server: (any ByteStream)?
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    driver.sources.append {
      var busy = false
      if server == nil { server = try! listener.accept() }
      while sent < total {
        let n = try! client.send(chunk.span.bytes.extracting(0..<min(chunk.count, total - sent)))
        if n == 0 { break }
        sent += n
        busy = true
      }
      while let s = server {
        var room = OutputRawSpan(buffer: memory, initializedCount: 0)
        guard case .bytes(let n) = try! s.receive(into: &room) else { break }
        got += n
        busy = true
      }
      return busy
    }
    var begin = timespec()
    clock_gettime(CLOCK_MONOTONIC, &begin)
    var turns = 0
    while got < total && turns < 100_000_000 {
      loop.turn()
      turns += 1
    }
    var end = timespec()
    clock_gettime(CLOCK_MONOTONIC, &end)
    let seconds = Double(end.tv_sec - begin.tv_sec) + Double(end.tv_nsec - begin.tv_nsec) / 1e9
    let simulated = Double(loop.now.nanoseconds - 1_000_000_000) / 1e9
    print(
      "\(got) bytes, \(seconds) s, \(Double(got) * 8 / seconds / 1e9) Gbit/s, \(turns) turns, simulated \(simulated) s"
    )
    for figure in left.figures where figure.value > 0 {
      print(figure.name, figure.label?.value ?? "", figure.value)
    }
    for figure in right.figures where figure.value > 0 {
      print(" r", figure.name, figure.label?.value ?? "", figure.value)
    }
  }
}

final class Seeded: Entropy {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices {
      state = state &* 6364136223846793005 &+ 1442695040888963407
      bytes[index] = UInt8(truncatingIfNeeded: state >> 33)
    }
  }
}

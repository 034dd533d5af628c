import Glibc

/// Measures our TCP/IP once and prints what it found as one line of JSON; `souk bench net` runs it often, some of the
/// time under valgrind, and makes a table.
///
/// - `pair --megabytes 100 --loss 0.01 --seed 1`: bytes between two stacks in this process.
/// - `requests --count 1000 [--new-connections]`: small requests between them.
/// - `cable-linux`, `cable-souk` with `--seconds 10 --loss 0.01 --delay-us 5000 --seed 1`: Linux's CUBIC, or our stack,
///   over a cable that loses and delays both ways, to a kernel; as root.
/// - `tap-send`, `tap-receive`, `tap-relay` with `--seconds 1 [--offloads]`: against the kernel's, with iperf on it, as
///   root.
///
/// All take `--ip 4` (the default) or `--ip 6`.
@main
enum Main {
  static func main() {
    do throws(Refusal) {
      print(try measure(CommandLine.arguments.dropFirst()).line)
    } catch {
      let line = Array("bench-net: \(error.message)\n".utf8)
      _ = write(2, line, line.count)
      exit(1)
    }
  }

  private static func measure(_ words: ArraySlice<String>) throws(Refusal) -> Figures {
    var options = try Options(words.dropFirst())
    let family = try Family(options.number("ip", or: 4))
    switch words.first {
    case "pair":
      let megabytes = try options.number("megabytes", or: 100.0)
      let loss = try options.number("loss", or: 0.0)
      let seed: UInt64 = try options.number("seed", or: 1)
      try options.finish()
      return try BulkTransfer.run(family, byteCount: Int(megabytes * 1e6), loss: loss, seed: seed)
    case "requests":
      let count = try options.number("count", or: 1000)
      let newConnections = options.flag("new-connections")
      try options.finish()
      return try RequestRun.run(family, count: count, newConnections: newConnections)
    case "cable-linux", "cable-souk":
      let seconds = try options.number("seconds", or: 10.0)
      let cable = Cable(
        loss: try options.number("loss", or: 0.01),
        delayNanoseconds: try options.number("delay-us", or: UInt64(5000)) * 1000,
        seed: try options.number("seed", or: 1))
      try options.finish()
      alarm(UInt32(seconds) + 60)
      return try TapCable.run(
        words.first == "cable-souk" ? .ours : .kernel, family, seconds: seconds, cable: cable)
    case "tap-send", "tap-receive", "tap-relay":
      let seconds = try options.number("seconds", or: 1.0)
      let offloads = options.flag("offloads")
      try options.finish()
      // A transfer that hangs ends the program.
      alarm(UInt32(seconds) + 30)
      switch words.first {
      case "tap-send": return try TapStack.run(.toKernel, family, seconds: seconds, offloads: offloads)
      case "tap-receive": return try TapStack.run(.fromKernel, family, seconds: seconds, offloads: offloads)
      default: return try TapRelay.run(family, seconds: seconds, offloads: offloads)
      }
    default:
      throw Refusal(
        "measurements are pair, requests, tap-send, tap-receive, tap-relay, cable-linux and cable-souk")
    }
  }
}

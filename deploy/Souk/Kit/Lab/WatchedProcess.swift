import Glibc

/// A child process whose output is read line by line. Whoever reaps children tells it its end.
final class WatchedProcess {
  let pid: pid_t
  private let loop: PollLoop
  private let line: ([UInt8]) -> Void
  private let whenEnded: (Ending) -> Void
  private var output: Int32?
  private var splitter = LineSplitter()

  /// Starts it, with both of its outputs into one pipe.
  init(
    _ spawn: Spawn, loop: PollLoop, line: @escaping ([UInt8]) -> Void, ended: @escaping (Ending) -> Void
  ) throws(Failure) {
    let pipe = try Sockets.pipe()
    var spawn = spawn
    spawn.descriptors += [(pipe.writing, 1), (pipe.writing, 2)]
    defer { close(pipe.writing) }
    do throws(Failure) {
      pid = try spawn.start()
    } catch {
      close(pipe.reading)
      throw error
    }
    self.loop = loop
    self.line = line
    whenEnded = ended
    output = pipe.reading
    Sockets.setNonBlocking(pipe.reading)
    loop.whenReadable(pipe.reading) { [unowned self] in receive() }
  }

  /// It has ended: reads what is left in the pipe.
  func ended(_ ending: Ending) {
    receive()
    if let rest = splitter.end() { line(rest) }
    if let output {
      loop.forget(output)
      close(output)
    }
    output = nil
    whenEnded(ending)
  }

  private func receive() {
    guard let output else { return }
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(output, &chunk, chunk.count)
      // The end of the pipe comes before the end of the process.
      if count == 0 { loop.forget(output) }
      guard count > 0 else { return }
      for text in splitter.take(chunk[..<count]) { line(text) }
    }
  }
}

import Glibc

/// One `GET /readyz` on a poll loop. A listening socket that nobody serves yet keeps the question until
/// somebody does, so an answer that takes long is a service that takes long, not one that is gone.
final class ReadinessProbe {
  enum Answer: Equatable {
    case ready
    /// Answered something else than 200; the text says what.
    case unready(String)
    /// No answer: refused, cut off, or late.
    case silent
  }

  private static let request = Array(
    "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".utf8)
  private static let maximumAnswerByteCount = 65_536

  private let loop: PollLoop
  private let completion: (Answer) -> Void
  private var descriptor: Int32?
  private var timer: PollLoop.TimerID?
  private var received: [UInt8] = []

  /// Asks `port` of this machine; calls `completion` once, within `milliseconds`.
  init(
    loop: PollLoop, port: UInt16, version: InternetProtocol = .v4, within milliseconds: Int,
    completion: @escaping (Answer) -> Void
  ) {
    self.loop = loop
    self.completion = completion
    guard let descriptor = Sockets.connect(port: port, version: version) else {
      timer = loop.after(0) { self.finish(.silent) }
      return
    }
    self.descriptor = descriptor
    timer = loop.after(milliseconds) { self.finish(.silent) }
    loop.whenWritable(descriptor) { self.ask() }
  }

  /// Forgets the question; the completion is not called.
  func cancel() {
    loop.cancel(timer)
    timer = nil
    guard let descriptor else { return }
    loop.forget(descriptor)
    close(descriptor)
    self.descriptor = nil
  }

  private func ask() {
    guard let descriptor else { return }
    let count = Self.request.withUnsafeBytes {
      send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard count == Self.request.count else { return finish(.silent) }
    loop.whenReadable(descriptor) { self.receive() }
  }

  private func receive() {
    guard let descriptor else { return }
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &chunk, chunk.count)
    if count > 0, received.count < Self.maximumAnswerByteCount {
      received.append(contentsOf: chunk[..<count])
    } else if count >= 0 || (errno != EAGAIN && errno != EINTR) {
      finish(Self.answer(received))
    }
  }

  private func finish(_ answer: Answer) {
    cancel()
    completion(answer)
  }

  static func answer(_ bytes: [UInt8]) -> Answer {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix("HTTP/1.1 ") else { return .silent }
    let status = text.dropFirst(9).prefix(3)
    if status == "200" { return .ready }
    var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
    while let line = lines.popFirst(), !line.isEmpty {}
    let body = lines.joined(separator: " ").prefix(300)
    return .unready("\(status) \(body)")
  }
}

import Bytes
import Foundation
import HTTPCore
import Synchronization

/// A gateway for tests: one thread that takes connections one after the other and answers each request as it
/// is told. What was asked is kept.
final class FakeGateway: Sendable {
  struct Seen: Equatable, Sendable {
    let method: String
    let target: String
    let authorization: String?
    let contentType: String?
    let host: String
    let body: [UInt8]
    /// Which connection it came on, from 1.
    let connection: Int
  }

  enum Reply: Sendable {
    /// These bytes, as they are; then the connection stays.
    case bytes(String)
    /// These bytes, then the connection ends.
    case last(String)
    /// Nothing, ever.
    case silence

    static func status(_ line: String, _ body: String = "", _ fields: String = "") -> Reply {
      .bytes("HTTP/1.1 \(line)\r\ncontent-length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }
  }

  let port: UInt16
  private let descriptor: Int32
  private let log = Mutex<[Seen]>([])

  /// Answers with `reply(request, number)`; the first request has number 0.
  init(_ reply: @escaping @Sendable (Seen, Int) -> Reply) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> UInt16? in
        guard bind(descriptor, address, length) == 0, listen(descriptor, 16) == 0 else { return nil }
        getsockname(descriptor, address, &length)
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          UInt16(bigEndian: $0.pointee.sin_port)
        }
      }
    }
    guard let port else { throw POSIXError(.EADDRINUSE) }
    self.port = port
    self.descriptor = descriptor
    let thread = Thread { [self] in
      var connection = 0
      while true {
        let peer = accept(descriptor, nil, nil)
        guard peer >= 0 else {
          // Closed here alone: a number that is free is another test's in no time.
          close(descriptor)
          return
        }
        connection += 1
        serve(peer, connection, reply)
        close(peer)
      }
    }
    thread.start()
  }

  /// What was asked so far.
  var seen: [Seen] { log.withLock { $0 } }

  /// Takes no more connections; the thread ends with the one it has.
  func stop() {
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private func serve(_ peer: Int32, _ connection: Int, _ reply: (Seen, Int) -> Reply) {
    var input = ByteBuffer()
    while true {
      guard let request = next(peer, &input, connection) else { return }
      let number = log.withLock { log in
        log.append(request)
        return log.count - 1
      }
      switch reply(request, number) {
      case .bytes(let text): Self.write(text, to: peer)
      case .last(let text):
        Self.write(text, to: peer)
        return
      case .silence: while Self.read(peer, &input) {}
      }
    }
  }

  private func next(_ peer: Int32, _ input: inout ByteBuffer, _ connection: Int) -> Seen? {
    var parser = RequestParser()
    var headByteCount = 0
    while headByteCount == 0 {
      switch parser.parse(input.bytes) {
      case .complete(let byteCount): headByteCount = byteCount
      case .needMore: guard Self.read(peer, &input) else { return nil }
      case .refused: return nil
      }
    }
    let head = parser.head
    let method = input.bytes.string(head.methodName)
    let target = input.bytes.string(head.target)
    let authorization = head.string(of: .authorization, in: input.bytes)
    let contentType = head.string(of: .contentType, in: input.bytes)
    let host = input.bytes.string(head.host)
    input.consume(headByteCount)
    var decoder = BodyDecoder(head.framing)
    var body: [UInt8] = []
    while true {
      switch decoder.step(input.bytes) {
      case .payload(let range):
        body += input.array(from: range.lowerBound, count: range.count)
        input.consume(range.upperBound)
      case .finished(let consumed):
        input.consume(consumed)
        return Seen(
          method: method, target: target, authorization: authorization, contentType: contentType, host: host,
          body: body, connection: connection)
      case .needMore: guard Self.read(peer, &input) else { return nil }
      case .refused: return nil
      }
    }
  }

  private static func read(_ peer: Int32, _ input: inout ByteBuffer) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(peer, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    input.append(chunk[..<count])
    return true
  }

  private static func write(_ text: String, to peer: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

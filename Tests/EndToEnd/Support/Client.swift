import Foundation
import JSON

@testable import SoukKit

/// A blocking HTTP client over one kept connection, which says what it saw and repeats nothing by itself.
final class Client {
  struct Answer: Sendable {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
    /// The body; null when it is no JSON.
    var json: JSON { (try? JSON.parse(body)) ?? .null }
    /// The last part of a problem document's type.
    var problem: String? { json["type"]?.string.map { String($0.split(separator: "/").last ?? "") } }
  }

  /// The connection ended or said nothing in time.
  struct Lost: Error {}

  /// Longer than anything the gateway lets a request take.
  static let patienceSeconds = 30

  let port: UInt16
  private var descriptor: Int32 = -1
  private var unread: [UInt8] = []

  init(port: UInt16) { self.port = port }

  deinit { disconnect() }

  func get(_ path: String, _ fields: [String: String] = [:]) throws(Lost) -> Answer {
    try send("GET", path, fields)
  }

  /// Sends JSON text, or nothing.
  func send(_ method: String, _ path: String, _ fields: [String: String] = [:], _ body: String? = nil)
    throws(Lost) -> Answer
  {
    var head = "\(method) \(path) HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\n"
    for (name, value) in fields { head += "\(name): \(value)\r\n" }
    if let body {
      if fields["content-type"] == nil { head += "content-type: application/json\r\n" }
      head += "content-length: \(body.utf8.count)\r\n"
    } else if method == "POST" || method == "PUT" {
      head += "content-length: 0\r\n"
    }
    do throws(Lost) {
      try connect()
      guard Files.writeAll(Array((head + "\r\n" + (body ?? "")).utf8), to: descriptor) else { throw Lost() }
      return try receive(hasBody: method != "HEAD")
    } catch {
      disconnect()
      throw error
    }
  }

  private func connect() throws(Lost) {
    // A connection that the server has closed meanwhile is replaced before it is used.
    var byte: UInt8 = 0
    if descriptor >= 0, recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0 {
      disconnect()
    }
    guard descriptor < 0 else { return }
    guard let made = Sockets.connect(port: port) else { throw Lost() }
    descriptor = made
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
    var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  func disconnect() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    unread = []
  }

  private func receive(hasBody: Bool) throws(Lost) -> Answer {
    let status = try line()
    guard status.hasPrefix("HTTP/1.1 "), let code = Int(status.dropFirst(9).prefix(3)) else { throw Lost() }
    var fields: [(name: String, value: String)] = []
    while true {
      let line = try line()
      guard !line.isEmpty else { break }
      guard let colon = line.firstIndex(of: ":") else { throw Lost() }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      fields.append((line[..<colon].lowercased(), String(value)))
    }
    var answer = Answer(status: code, fields: fields, body: [])
    if hasBody, code != 204, code != 304 {
      if answer.field("transfer-encoding") == "chunked" {
        while true {
          guard let count = Int(try line(), radix: 16) else { throw Lost() }
          answer.body += try take(count)
          _ = try line()
          if count == 0 { break }
        }
      } else {
        answer.body = try take(answer.field("content-length").flatMap { Int($0) } ?? 0)
      }
    }
    if answer.field("connection") == "close" { disconnect() }
    return answer
  }

  private func line() throws(Lost) -> String {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: unread[..<max(0, end - 1)], as: UTF8.self)
        unread.removeFirst(end + 1)
        return line
      }
      try more()
    }
  }

  private func take(_ count: Int) throws(Lost) -> [UInt8] {
    while unread.count < count { try more() }
    defer { unread.removeFirst(count) }
    return Array(unread[..<count])
  }

  private func more() throws(Lost) {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = read(descriptor, &chunk, chunk.count)
    guard count > 0 else { throw Lost() }
    unread.append(contentsOf: chunk[..<count])
  }
}

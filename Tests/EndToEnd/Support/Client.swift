import HTTPCore
import JSON

@testable import SoukKit

/// A customer's connection to a gateway or a service: the command line's own client, and answers that are easy to
/// ask about.
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

  private let connection: GatewayClient

  init(port: UInt16, _ version: InternetProtocol = TestShop.version) {
    connection = GatewayClient(host: version.loopback, port: port)
  }

  func get(_ path: String, _ fields: [String: String] = [:]) throws -> Answer {
    try send(.get, path, fields)
  }

  /// Sends JSON text, or nothing.
  func send(_ method: Method, _ path: String, _ fields: [String: String] = [:], _ body: String? = nil) throws
    -> Answer
  {
    var all = fields.map { (name: $0.key, value: $0.value) }
    if body != nil, fields["content-type"] == nil { all.append(("content-type", "application/json")) }
    let bytes = body.map { Array($0.utf8) } ?? (method == .post || method == .put ? [] : nil)
    let answer = try connection.send(method, path, fields: all, body: bytes)
    return Answer(status: answer.status, fields: answer.fields, body: answer.body)
  }
}

import Bytes
import HTTP
import HTTPCore
import JSON
import Platform
import Shop
import _Concurrency

/// Why a hold was not made, committed, released or returned.
public enum HoldError: Error, Equatable, Sendable {
  /// Not enough pieces; nothing was taken.
  case shortage([Shortage])
  /// The key already names a hold of other lines.
  case keyReused
  /// The hold is in a state that does not allow it: a released key cannot hold again, a committed hold cannot
  /// be released, only a committed one can be returned.
  case wrongState
  /// There is no hold of this key to commit or return.
  case unknown
  /// The catalog gave no usable answer. The call may be repeated.
  case service(ServiceError)
}

extension CatalogClient {
  /// Sets pieces aside for `timeToLiveSeconds`, all lines or none. Idempotent by key: the same key with the same
  /// lines gets the same answer, whatever became of the first one's reply. Products are named once each; a key has
  /// 1–200 letters, digits or any of `-_.~:`.
  @discardableResult
  public func hold(
    key: String, lines: [HoldLine], timeToLiveSeconds: Int, until deadline: Instant,
    trace: RequestTrace? = nil
  ) async throws(HoldError) -> Hold {
    var body = JSONWriter()
    body.object { hold in
      hold.field("key", key)
      hold.field(
        "lines",
        array: { list in
          for line in lines {
            list.object { object in
              object.field("productId", line.productID)
              object.field("quantity", line.quantity)
            }
          }
        })
      hold.field("timeToLiveSeconds", timeToLiveSeconds)
    }
    return try await settle("/internal/v1/holds", body: body.bytes, until: deadline, trace: trace)
  }

  /// Sells the pieces of a hold. Idempotent. A hold that ran out meanwhile takes its pieces again, or throws the
  /// shortage.
  @discardableResult
  public func commitHold(key: String, until deadline: Instant, trace: RequestTrace? = nil)
    async throws(HoldError) -> Hold
  {
    try await settle(Self.path(of: key) + "/commit", until: deadline, trace: trace)
  }

  /// Gives a hold up. Idempotent; also for a key that never held anything, whose hold is refused from then on.
  @discardableResult
  public func releaseHold(key: String, until deadline: Instant, trace: RequestTrace? = nil)
    async throws(HoldError) -> Hold
  {
    try await settle(Self.path(of: key) + "/release", until: deadline, trace: trace)
  }

  /// Gives the sold pieces of a committed hold back, once. Idempotent.
  @discardableResult
  public func returnStock(key: String, until deadline: Instant, trace: RequestTrace? = nil)
    async throws(HoldError) -> Hold
  {
    try await settle(Self.path(of: key) + "/return", until: deadline, trace: trace)
  }

  /// A product's books, also of one no longer on sale; nil when it never was.
  public func stock(of id: String, until deadline: Instant, trace: RequestTrace? = nil)
    async throws(ServiceError) -> StockLevel?
  {
    let target = "/internal/v1/stock/" + PercentCoding.encode(pathSegment: id)
    let answer = try await service.call(
      .get, target, isInternal: true, expecting: [200, 404], until: deadline, trace: trace)
    guard answer.status == 200 else { return nil }
    guard let onHand = answer.json["onHand"]?.integer, let held = answer.json["held"]?.integer,
      let sold = answer.json["sold"]?.integer, let received = answer.json["received"]?.integer
    else { throw .malformed }
    return StockLevel(onHand: Int(onHand), held: Int(held), sold: Int(sold), received: Int(received))
  }

  private static func path(of key: String) -> String {
    "/internal/v1/holds/" + PercentCoding.encode(pathSegment: key)
  }

  private func settle(
    _ target: String, body: [UInt8] = [], until deadline: Instant, trace: RequestTrace? = nil
  ) async throws(HoldError) -> Hold {
    let answer: ServiceAnswer
    do throws(ServiceError) {
      answer = try await service.call(
        .post, target, body: body, isInternal: true, expecting: [200, 201, 404, 409, 422], until: deadline,
        trace: trace)
    } catch {
      throw .service(error)
    }
    switch answer.status {
    case 200, 201:
      guard let hold = Hold(answer.json) else { throw .service(.malformed) }
      return hold
    case 404: throw .unknown
    default: break
    }
    switch answer.problemType {
    case .shortage:
      var shortages: [Shortage] = []
      for member in answer.json["shortages"]?.array ?? [] {
        guard let shortage = Shortage(member) else { throw .service(.malformed) }
        shortages.append(shortage)
      }
      throw .shortage(shortages)
    case .keyReused: throw .keyReused
    case .wrongState: throw .wrongState
    default: throw .service(.unexpected(status: answer.status))
    }
  }
}

extension Hold {
  /// Writes the hold as a JSON object.
  public func write(to writer: inout JSONWriter) {
    writer.object { hold in
      hold.field("key", key)
      hold.field("state", state.rawValue)
      hold.field("expiresAt", expiresAt.map { Timestamp.string($0) })
    }
  }

  /// Reads a hold that the catalog answered; nil when a field is missing or of another kind.
  public init?(_ json: JSON) {
    guard let key = json["key"]?.string, let name = json["state"]?.string,
      let state = HoldState(rawValue: name)
    else { return nil }
    var expiresAt: WallTime?
    if let text = json["expiresAt"]?.string {
      guard let time = Timestamp.parse(text) else { return nil }
      expiresAt = time
    }
    self.init(key: key, state: state, expiresAt: expiresAt)
  }
}

import CartAPI
import CatalogAPI
import CheckoutAPI
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

/// Catalog over its client: what an answer means for an order.
final class RemoteStock: StockKeeper {
  private let catalog: CatalogClient
  private let http: HTTPClient

  init(_ catalog: CatalogClient, http: HTTPClient) {
    self.catalog = catalog
    self.http = http
  }

  func products(ids: [String], until deadline: Instant, trace: RequestTrace?) async -> [OfferedProduct]? {
    do throws(ServiceError) {
      return try await catalog.products(ids: ids, until: deadline, trace: trace).items.map { product in
        OfferedProduct(
          id: product.id, sku: product.sku, name: product.name, price: product.price,
          available: product.available)
      }
    } catch {
      return nil
    }
  }

  func hold(
    key: String, lines: [PricedLine], timeToLive: Duration, until deadline: Instant, trace: RequestTrace?
  ) async -> HoldReply {
    do throws(HoldError) {
      let hold = try await catalog.hold(
        key: key, lines: lines.map { HoldLine(productID: $0.productID, quantity: $0.quantity) },
        timeToLiveSeconds: Int(timeToLive.components.seconds), until: deadline, trace: trace)
      return hold.state == .held ? .held : .silent
    } catch .shortage(let shortages) {
      return .short(
        shortages.map {
          LineShortage(productID: $0.productID, wanted: $0.wanted, available: $0.available)
        })
    } catch {
      return .silent
    }
  }

  func commit(key: String, until deadline: Instant, trace: RequestTrace?) async -> Saga.Reply {
    do throws(HoldError) {
      try await catalog.commitHold(key: key, until: deadline, trace: trace)
      return .done
    } catch .service {
      return .silent
    } catch {
      return .refused
    }
  }

  func release(key: String, until deadline: Instant, trace: RequestTrace?) async -> Bool {
    do throws(HoldError) {
      try await catalog.releaseHold(key: key, until: deadline, trace: trace)
      return true
    } catch .service {
      return false
    } catch {
      // It is sold: there is no hold any more, and giving it back is another obligation.
      return true
    }
  }

  func giveBack(key: String, until deadline: Instant, trace: RequestTrace?) async -> Bool {
    do throws(HoldError) {
      try await catalog.returnStock(key: key, until: deadline, trace: trace)
      return true
    } catch .service {
      return false
    } catch {
      // It was never sold.
      return true
    }
  }

  func isReachable(until deadline: Instant) async -> Bool { await http.isAlive(until: deadline) }
}

/// Cart over its client.
final class RemoteCarts: CartKeeper {
  private let carts: CartClient
  private let http: HTTPClient

  init(_ carts: CartClient, http: HTTPClient) {
    self.carts = carts
    self.http = http
  }

  func read(_ id: String, until deadline: Instant, trace: RequestTrace?) async -> CartReading {
    do throws(ServiceError) {
      switch try await carts.cart(id: id, until: deadline, trace: trace) {
      case .open(let contents):
        return .items(
          contents.items.map { CartItem(productID: $0.productID, quantity: Int($0.quantity)) })
      case .ordered: return .ordered
      case .gone: return .unknown
      }
    } catch {
      return .silent
    }
  }

  func consume(_ id: String, orderID: String, until deadline: Instant, trace: RequestTrace?) async -> Bool {
    do throws(ServiceError) {
      // Whether it was consumed now, is another order's or is gone: nobody can order it any more.
      _ = try await carts.consume(id: id, orderID: orderID, until: deadline, trace: trace)
      return true
    } catch {
      return false
    }
  }

  func isReachable(until deadline: Instant) async -> Bool { await http.isAlive(until: deadline) }
}

extension HTTPClient {
  /// Whether the other side runs.
  fileprivate func isAlive(until deadline: Instant) async -> Bool {
    do throws(ClientError) {
      return try await send(ClientRequest(.get, "/livez"), until: deadline).status == .ok
    } catch {
      return false
    }
  }
}

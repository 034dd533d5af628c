import Bytes
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop

/// How other services ask the catalog. Every call carries a deadline and is idempotent, so that one that broke
/// off is tried again within `ServiceClient`'s budget.
public final class CatalogClient {
  let service: ServiceClient

  /// A client over `http`'s connections. `secret` is the shop's internal secret.
  public init(http: HTTPClient, secret: String, loop: EventLoop) {
    service = ServiceClient(http: http, secret: secret, loop: loop)
  }
}

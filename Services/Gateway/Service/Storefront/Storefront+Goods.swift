import Bytes
import CatalogAPI
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

// Looking at goods.
extension Storefront {
  /// The sort orders that the catalog knows.
  private static let sortOrders = ["name", "price", "-price", "newest"]
  /// Characters of a search; what is longer is cut.
  private static let maximumSearchLength = 200

  /// `GET /`.
  func home(_ request: Request, _ visitor: Visitor) async throws(PageError) -> Response {
    let query = request.query
    var wish = HomePage.Request()
    wish.search = FormFields.clean(query.first("q") ?? "").prefix(scalarCount: Self.maximumSearchLength)
    for tag in query.all("tag") {
      let tag = FormFields.clean(tag)
      if !tag.isEmpty { wish.tags.append(tag) }
    }
    wish.sort = query.first("sort").flatMap { Self.sortOrders.contains($0) ? $0 : nil } ?? ""
    wish.cursor = query.first("cursor") ?? ""
    let deadline = deadline
    let found: ProductPage
    do throws(ServiceError) {
      found = try await catalog.search(
        q: wish.search.isEmpty ? nil : wish.search, tags: wish.tags,
        sort: wish.sort.isEmpty ? nil : wish.sort,
        limit: Self.productsPerPage, cursor: wish.cursor.isEmpty ? nil : wish.cursor, until: deadline)
    } catch .unexpected(let status) where status == 400 || status == 422 {
      throw .notice(
        .badRequest,
        NoticePage(
          title: "This page has moved on",
          text: "The list has changed since the link was made. Begin again from its start."))
    } catch {
      throw .service(error)
    }
    await refreshTags(until: deadline)
    var context = await context(for: request, visitor)
    context.search = wish.search
    let page = HomePage(
      request: wish, products: found.items, next: found.next, total: found.total, tags: tags)
    return cacheable(page.page(), context, visitor, request)
  }

  /// The tags are an ornament: when they cannot be had the old ones stay.
  private func refreshTags(until deadline: Instant) async {
    guard loop.now >= tagsExpire else { return }
    tagsExpire = loop.now + Self.tagLifetime
    do throws(ServiceError) {
      let counts = try await catalog.tags(until: min(deadline, loop.now + Self.luxuryPatience))
      tags = counts.map { (name: $0.tag, count: $0.count) }.ordered {
        $0.count == $1.count ? $0.name.precedesByBytes($1.name) : $0.count > $1.count
      }
    } catch {}
  }

  /// `GET /products/{id}`.
  func product(_ id: String, _ request: Request, _ visitor: Visitor) async throws(PageError) -> Response {
    let product = try await find(id)
    let context = await context(for: request, visitor)
    return cacheable(ArticlePage(product: product).page(context), context, visitor, request)
  }

  /// A product on sale, or the page that says there is none.
  func find(_ id: String) async throws(PageError) -> Product {
    let product: Product?
    do throws(ServiceError) {
      product = try await catalog.product(id: id, until: deadline)
    } catch {
      throw .service(error)
    }
    guard let product else { throw .notice(.notFound, .notFound) }
    return product
  }
}

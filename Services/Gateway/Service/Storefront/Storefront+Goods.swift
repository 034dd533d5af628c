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
  /// `GET /`.
  func home(_ visit: Visit) async throws(PageError) -> Reply {
    let wish = HomePage.Request(visit.request.query)
    visit.search = wish.search
    let deadline = deadline
    let found: ProductPage
    do throws(ServiceError) {
      found = try await catalog.search(
        q: wish.search, tags: wish.tags, sort: wish.sort, limit: Self.productsPerPage, cursor: wish.cursor,
        until: deadline)
    } catch .unexpected(let status) where status == 400 || status == 422 {
      throw .notice(.badRequest, .movedOn)
    } catch {
      throw .service(error)
    }
    await refreshTags(until: deadline)
    return Reply(cacheable: HomePage(request: wish, found: found, tags: tags).page())
  }

  /// The tags are an ornament: when they cannot be had the old ones stay.
  private func refreshTags(until deadline: Instant) async {
    guard loop.now >= tagsExpire else { return }
    tagsExpire = loop.now + Self.tagLifetime
    do throws(ServiceError) {
      let counts = try await catalog.tags(until: min(deadline, loop.now + Self.luxuryPatience))
      tags = Self.ordered(counts)
    } catch {}
  }

  private static func ordered(_ tags: [TagCount]) -> [TagCount] {
    tags.ordered { $0.count == $1.count ? $0.tag.precedesByBytes($1.tag) : $0.count > $1.count }
  }

  /// `GET /products/{id}`, or the page again with what is wrong with the quantity that was asked for.
  func product(
    _ id: String, _ visit: Visit, quantityError: StaticString? = nil
  ) async throws(PageError) -> Reply {
    let product: Product?
    do throws(ServiceError) {
      product = try await catalog.product(id: id, until: deadline)
    } catch {
      throw .service(error)
    }
    guard let product else { throw .notice(.notFound, .notFound) }
    let page = ArticlePage(product: product, quantityError: quantityError).page(visit)
    return quantityError == nil ? Reply(cacheable: page) : Reply(.unprocessableContent, page)
  }
}

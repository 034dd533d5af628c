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
    let call = CatalogClient.searching(
      wish.search, wish.tags, sort: wish.sort, limit: Self.productsPerPage, cursor: wish.cursor)
    let answer: ServiceAnswer
    do throws(PageError) {
      answer = try await ask(catalog, call, until: visit.deadline)
    } catch .service(.unexpected(let status))
      where status == 400 || status == 422 || status == 414 || status == 431
    {
      // The last two: encoded anew, what was asked for is longer than it came.
      throw .notice(.badRequest, .movedOn)
    }
    await refreshTags()
    return try page(of: answer, wish)
  }

  private func page(of answer: ServiceAnswer, _ wish: HomePage.Request) throws(PageError) -> Reply {
    do throws(ServiceError) {
      let found = try CatalogClient.page(answer)
      return Reply(cacheable: HomePage(request: wish, found: found, tags: tags).page())
    } catch {
      throw .service(error)
    }
  }

  /// The tags are an ornament: when they cannot be had the old ones stay.
  private func refreshTags() async {
    guard loop.now >= tagsExpire else { return }
    tagsExpire = loop.now + Self.tagLifetime
    if let answer = try? await ask(
      catalog, CatalogClient.listingTags(), until: loop.now + Self.luxuryPatience)
    {
      takeTags(answer)
    }
  }

  private func takeTags(_ answer: ServiceAnswer) {
    guard let found = try? CatalogClient.tags(answer) else { return }
    tags = found.ordered { $0.count == $1.count ? $0.tag.precedesByBytes($1.tag) : $0.count > $1.count }
  }

  /// `GET /products/{id}`, or the page again with what is wrong with the quantity that was asked for.
  func product(
    _ id: String, _ visit: Visit, quantityError: StaticString? = nil
  ) async throws(PageError) -> Reply {
    guard let call = CatalogClient.showing(id) else { throw .notice(.notFound, .notFound) }
    let answer = try await ask(catalog, call, until: visit.deadline)
    return try page(of: answer, visit, quantityError)
  }

  private func page(
    of answer: ServiceAnswer, _ visit: Visit, _ quantityError: StaticString?
  ) throws(PageError) -> Reply {
    let found: Product?
    do throws(ServiceError) {
      found = try CatalogClient.product(answer)
    } catch {
      throw .service(error)
    }
    guard let product = found else { throw .notice(.notFound, .notFound) }
    let page = ArticlePage(product: product, quantityError: quantityError).page(visit)
    return quantityError == nil ? Reply(cacheable: page) : Reply(.unprocessableContent, page)
  }
}

import Platform
import XenRing

/// Pages that the backend may read and write, taken and given back in chains. The last one given back is taken first:
/// a backend that keeps only some of them mapped then meets those again (blkif.h, feature-persistent).
final class PagePool {
  /// Pages that belong together.
  struct Chain {
    var first: UInt16 = 0
    var last: UInt16 = 0
    var count = 0
  }

  let granted: GrantedPages
  private(set) var freeCount: Int
  private let next: UnsafeMutablePointer<UInt16>
  private var firstFree: UInt16 = 0

  init(_ granted: GrantedPages) {
    self.granted = granted
    freeCount = granted.count
    next = .allocate(capacity: granted.count)
    for page in 0..<granted.count { (next + page).initialize(to: UInt16(truncatingIfNeeded: page + 1)) }
  }

  deinit { next.deallocate() }

  /// Takes `count` pages; nil when there are not so many.
  func take(_ count: Int) -> Chain? {
    guard count > 0 else { return Chain() }
    guard count <= freeCount else { return nil }
    var last = firstFree
    for _ in 1..<count { last = next[Int(last)] }
    let chain = Chain(first: firstFree, last: last, count: count)
    firstFree = next[Int(last)]
    freeCount -= count
    return chain
  }

  func give(_ chain: Chain) {
    guard chain.count > 0 else { return }
    next[Int(chain.last)] = firstFree
    firstFree = chain.first
    freeCount += chain.count
  }

  /// The page behind `page` in its chain.
  func page(after page: Int) -> Int { Int(next[page]) }
}

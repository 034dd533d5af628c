import CheckoutAPI
import EventLoop
import Platform
import Shop

@testable import Checkout

/// Where a fake neighbour stands: which life of checkout asks it.
struct Scene {
  let world: World
  let loop: EventLoop
  let life: Int
}

/// Catalog as its contract has it: idempotent by key, all or nothing, tombstones for released keys.
final class FakeStock: StockKeeper {
  private let scene: Scene
  private var world: World { scene.world }

  init(_ scene: Scene) { self.scene = scene }

  func products(ids: [String], until deadline: Instant, trace: RequestTrace?) async -> [OfferedProduct]? {
    await deliver(scene, \.isCatalogDown, until: deadline) { [world = scene.world] in
      ids.compactMap { id in
        guard let price = world.prices[id], let book = world.stock[id] else { return nil }
        return OfferedProduct(
          id: id, sku: "SKU-" + id, name: "Product " + id, price: Money(price, "EUR"),
          available: book.onHand - book.held)
      }
    }
  }

  func hold(
    key: String, lines: [PricedLine], timeToLive: Duration, until deadline: Instant, trace: RequestTrace?
  ) async
    -> HoldReply
  {
    let wanted = Dictionary(uniqueKeysWithValues: lines.map { ($0.productID, $0.quantity) })
    return await deliver(scene, \.isCatalogDown, until: deadline) { [world = scene.world] () -> HoldReply in
      if let hold = world.holds[key] { return hold.state == .held ? .held : .silent }
      let shortages = lines.compactMap { line -> LineShortage? in
        let available = world.stock[line.productID].map { $0.onHand - $0.held } ?? 0
        return available < line.quantity
          ? LineShortage(productID: line.productID, wanted: line.quantity, available: available) : nil
      }
      guard shortages.isEmpty else { return .short(shortages) }
      for (id, quantity) in wanted { world.stock[id]!.held += quantity }
      world.holds[key] = World.HoldBook(state: .held, lines: wanted)
      return .held
    } ?? .silent
  }

  func commit(key: String, until deadline: Instant, trace: RequestTrace?) async -> Saga.Reply {
    await deliver(scene, \.isCatalogDown, until: deadline) { [world = scene.world] () -> Saga.Reply in
      guard let hold = world.holds[key] else { return .refused }
      switch hold.state {
      case .committed: return .done
      case .released, .returned: return .refused
      case .held:
        for (id, quantity) in hold.lines {
          world.stock[id]!.held -= quantity
          world.stock[id]!.onHand -= quantity
          world.stock[id]!.sold += quantity
        }
        world.holds[key]!.state = .committed
        return .done
      }
    } ?? .silent
  }

  func release(key: String, until deadline: Instant, trace: RequestTrace?) async -> Bool {
    await deliver(scene, \.isCatalogDown, until: deadline) { [world = scene.world] in
      guard let hold = world.holds[key] else {
        world.holds[key] = World.HoldBook(state: .released, lines: [:])
        return true
      }
      guard hold.state == .held else { return true }
      for (id, quantity) in hold.lines { world.stock[id]!.held -= quantity }
      world.holds[key]!.state = .released
      return true
    } ?? false
  }

  func giveBack(key: String, until deadline: Instant, trace: RequestTrace?) async -> Bool {
    await deliver(scene, \.isCatalogDown, until: deadline) { [world = scene.world] in
      guard let hold = world.holds[key], hold.state == .committed else { return true }
      for (id, quantity) in hold.lines {
        world.stock[id]!.onHand += quantity
        world.stock[id]!.sold -= quantity
      }
      world.holds[key]!.state = .returned
      return true
    } ?? false
  }

  func isReachable(until deadline: Instant) async -> Bool { true }
}

/// Cart as its contract has it.
final class FakeCarts: CartKeeper {
  private let scene: Scene
  private var world: World { scene.world }

  init(_ scene: Scene) { self.scene = scene }

  func read(_ id: String, until deadline: Instant, trace: RequestTrace?) async -> CartReading {
    await deliver(scene, \.isNeverDown, until: deadline) { [world = scene.world] () -> CartReading in
      guard let cart = world.carts[id] else { return .unknown }
      return cart.order == nil ? .items(cart.items) : .ordered
    } ?? .silent
  }

  func consume(_ id: String, orderID: String, until deadline: Instant, trace: RequestTrace?) async -> Bool {
    await deliver(scene, \.refusesConsuming, until: deadline) { [world = scene.world] in
      if let order = world.carts[id]?.order, order != orderID { fatalError("two orders took one cart") }
      world.carts[id]?.order = orderID
      return true
    } ?? false
  }

  func isReachable(until deadline: Instant) async -> Bool { true }
}

/// Carries one call to a neighbour and back, as networks do: it may take time, it may get lost on the way there
/// (and arrive when nobody waits any more) or on the way back. Nil: no answer within the deadline.
private func deliver<T>(
  _ scene: Scene, _ isDown: KeyPath<World, Bool>, until deadline: Instant, _ effect: @escaping () -> T
) async -> T? {
  let world = scene.world
  let loop = scene.loop
  let number = scene.life
  world.moment(of: number)
  // The dead reach nobody, and what they had under way may still arrive or not: it was lost here.
  guard world.isAlive(number) else { return nil }
  if world.isSlow { await loop.sleep(for: .milliseconds(Int.random(in: 0...20, using: &world.numbers))) }
  guard world.isAlive(number) else { return nil }
  // Refused at once, as a connection to nobody is.
  guard !world[keyPath: isDown] else { return nil }
  let fate = world.call()
  guard fate.arrives else {
    // It may still arrive: when nobody waits any more, perhaps in another life.
    if Bool.random(using: &world.numbers) { world.lateCalls.append { _ = effect() } }
    await loop.sleep(until: deadline)
    return nil
  }
  world.deliverLateCalls(atMost: 1)
  let answer = effect()
  world.moment(of: number)
  guard fate.answers else {
    await loop.sleep(until: deadline)
    return nil
  }
  return world.isAlive(number) ? answer : nil
}

/// A provider that checkout can lose sight of as it can of any other service.
final class DistantProvider: PaymentProvider {
  private let provider: TestProvider
  private unowned let life: Life

  init(_ provider: TestProvider, _ life: Life) {
    self.provider = provider
    self.life = life
  }

  func isWellFormed(token: String) -> Bool { provider.isWellFormed(token: token) }

  func authorise(orderID: String, token: String, amount: Money) async -> PaymentReply {
    await distant { await $0.authorise(orderID: orderID, token: token, amount: amount) }
  }

  func capture(orderID: String) async -> PaymentReply {
    await distant { await $0.capture(orderID: orderID) }
  }

  func undo(orderID: String) async -> PaymentReply {
    await distant { await $0.undo(orderID: orderID) }
  }

  private func distant(_ question: (TestProvider) async -> PaymentReply) async -> PaymentReply {
    let world = life.world
    world.moment(of: life.number)
    guard life.isAlive else { return .failed }
    let fate = world.call()
    guard fate.arrives else {
      await life.loop.sleep(for: .seconds(20))
      return .failed
    }
    let reply = await question(provider)
    guard fate.answers else {
      await life.loop.sleep(for: .seconds(20))
      return .failed
    }
    return reply
  }
}

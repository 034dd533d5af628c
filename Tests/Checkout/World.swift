import Bytes
import CheckoutAPI
import EventLoop
import Foundation
import JSON
import Log
import Platform
import Shop
import Storage

@testable import Checkout

/// Everything that survives a crash of checkout: the other services, the buyers' memories, and the file.
///
/// Every call to a neighbour and every job of the database passes `moment`s; at the one that `crashAt` names the
/// database's files are copied as they are and checkout is dead: what its tasks do afterwards reaches nobody.
final class World {
  let shop: ShopConfiguration
  var stock: [String: StockBook] = [:]
  var holds: [String: HoldBook] = [:]
  var prices: [String: Int64] = [:]
  var carts: [String: CartBook] = [:]
  var numbers: SeededNumbers

  /// Which life of checkout is the living one.
  private(set) var life = 0
  /// The moment at which this life ends.
  var crashAt: Int?
  /// Calls to neighbours, counted from 1, whose reply is lost, or that get lost themselves.
  var lostReplies: Set<Int> = []
  var lostCalls: Set<Int> = []
  /// One reply in so many is lost (nil: none but those named).
  var lossRate: Int?
  /// Neighbours that are down: no call reaches them.
  var isCatalogDown = false
  let isNeverDown = false
  /// Carts can be read, and not be spent.
  var refusesConsuming = false
  /// Whether calls take random time.
  var isSlow = false
  private(set) var moments = 0
  private(set) var calls = 0
  private(set) var hasCrashed = false
  /// Calls that went astray and have not arrived yet.
  var lateCalls: [() -> Void] = []
  private let directory: String
  private(set) var path: String

  struct StockBook {
    var onHand: Int
    var held = 0
    var sold = 0
    var received: Int
  }

  struct HoldBook: Equatable {
    enum State { case held, committed, released, returned }
    var state: State
    var lines: [String: Int]
  }

  struct CartBook {
    var items: [CartItem]
    var order: String?
  }

  init(seed: UInt64 = 1, taxIncluded: Bool = false) {
    numbers = SeededNumbers(state: seed)
    let settings: KeyedLines = [
      "shop.currency": "EUR", "shop.taxIncluded": taxIncluded ? "true" : "false", "shop.tax.DE": "1900",
      "shop.tax.CH": "810", "shop.shipping.standard": "490", "shop.shipping.pickup": "0",
    ]
    shop = try! ShopConfiguration(settings: settings)
    let parent = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    directory = parent + "/souk-checkout-" + UUID().uuidString
    try! FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    path = directory + "/life0.db"
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  // MARK: Furnishing

  func addProduct(_ id: String, price: Int64, onHand: Int) {
    prices[id] = price
    stock[id] = StockBook(onHand: onHand, received: onHand)
  }

  func addCart(_ id: String, _ items: [(String, Int)]) {
    carts[id] = CartBook(items: items.map { CartItem(productID: $0.0, quantity: $0.1) })
  }

  // MARK: Lives

  /// One thing after another may be the last.
  func moment(of life: Int) {
    guard life == self.life, !hasCrashed else { return }
    moments += 1
    if moments == crashAt { crash() }
  }

  /// Power off: the file stays as it is now.
  func crash() {
    hasCrashed = true
    let next = directory + "/life\(life + 1).db"
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
      try! FileManager.default.copyItem(atPath: path + suffix, toPath: next + suffix)
    }
    path = next
  }

  /// The dead life is over and a new one begins on what it left.
  func bury() {
    if !hasCrashed { crash() }
    life += 1
    hasCrashed = false
    crashAt = nil
    moments = 0
    calls = 0
    lostCalls = []
    lostReplies = []
  }

  func isAlive(_ life: Int) -> Bool { life == self.life && !hasCrashed }

  /// Lets calls that went astray arrive, in any order: each now with some chance, or all.
  func deliverLateCalls(atMost limit: Int = .max) {
    var count = 0
    while count < limit, !lateCalls.isEmpty {
      if limit != .max && Int.random(in: 0..<4, using: &numbers) > 0 { return }
      lateCalls.remove(at: Int.random(in: 0..<lateCalls.count, using: &numbers))()
      count += 1
    }
  }

  /// Counts a call; whether it, and whether its reply, gets through.
  func call() -> (arrives: Bool, answers: Bool) {
    calls += 1
    let isLost = lossRate.map { Int.random(in: 0..<$0, using: &numbers) == 0 } ?? false
    let isLostBefore = isLost && Bool.random(using: &numbers)
    return (
      !lostCalls.contains(calls) && !isLostBefore,
      !lostReplies.contains(calls) && !lostCalls.contains(calls) && !isLost
    )
  }
}

/// A worker that works at once, and at whose jobs checkout may die.
final class SimulatedWorker: Worker, @unchecked Sendable {
  // Touched by the one thread that runs the test.
  let world: World
  let life: Int

  init(world: World, life: Int) {
    self.world = world
    self.life = life
  }

  func submit(_ job: @escaping @Sendable () -> Void) {
    world.moment(of: life)
    job()
    world.moment(of: life)
  }
}

final class SilentConsole: Console {
  func write(_ bytes: RawSpan) {}
}

/// One life of checkout, from its start to its end or its crash.
final class Life {
  let world: World
  let number: Int
  let driver: SimulationDriver
  let loop: EventLoop
  let worker: SimulatedWorker
  var database: Database!
  var core: CheckoutCore!
  var provider: (any PaymentProvider)!

  init(_ world: World, seed: UInt64) {
    self.world = world
    number = world.life
    driver = SimulationDriver(seed: seed)
    // Time goes on from life to life.
    driver.clock.now = Instant(nanoseconds: 1_000_000_000 + UInt64(world.life) * 60_000_000_000)
    loop = EventLoop(driver: driver, clock: driver.clock)
    worker = SimulatedWorker(world: world, life: world.life)
  }

  /// Runs `body` with checkout started, and everything else until nothing happens any more; then closes the file.
  func run(
    recovers: Bool = true, provider make: ((TestProvider, Life) -> any PaymentProvider)? = nil,
    _ body: @escaping (Life) async -> Void
  ) {
    var isOver = false
    driver.whenIdle = { [loop] in
      if isOver { loop.stop() } else { fatalError("everybody waits for nothing") }
    }
    let log = Logger(
      service: "checkout", level: .error, format: .logfmt, console: SilentConsole(), clock: driver.clock)
    loop.spawn { [self] in
      let opened: Result<Database, StorageError>
      do throws(StorageError) {
        opened = .success(
          try await Database.open(
            .file(path: world.path), service: "checkout", migrations: Schema.migrations, worker: worker,
            loop: loop, entropy: SeededBytes(seed: 0), log: log))
      } catch {
        opened = .failure(error)
      }
      database = try! opened.get()
      let scene = Scene(world: world, loop: loop, life: number)
      let test = TestProvider(database: database, loop: loop)
      provider = make?(test, self) ?? test
      core = CheckoutCore(
        database: database, stock: FakeStock(scene), carts: FakeCarts(scene), provider: provider,
        shop: world.shop, loop: loop, entropy: SeededBytes(seed: world.numbers.next()), log: log)
      loop.spawn { await self.core.reconciler.run() }
      if recovers {
        while !core.reconciler.isRecovered && isAlive { await loop.sleep(for: .milliseconds(10)) }
      }
      await body(self)
      // Late answers, late timers.
      await loop.sleep(for: .seconds(30))
      core.stop()
      await loop.sleep(for: .seconds(30))
      await database.close()
      isOver = true
    }
    loop.run()
    core = nil
    database = nil
    provider = nil
  }

  var isAlive: Bool { world.isAlive(number) }
}

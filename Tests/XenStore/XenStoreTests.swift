import EventLoop
import NetworkSimulation
import Platform
import Testing
import XenRing
import XenStoreSimulation

@testable import XenStore

@Suite struct `A client of xenstored` {
  @Test func `reads, writes, lists and removes nodes`() {
    let world = StoreWorld()
    world.store.set("device/vif/0/mac", "00:16:3e:00:00:01")
    world.store.set("device/vif/1/mac", "00:16:3e:00:00:02")
    world.run {
      #expect(
        await value { () throws(XenError) in try await world.client.read("device/vif/0/mac") }
          == "00:16:3e:00:00:01")
      #expect(
        await value { () throws(XenError) in try await world.client.directory("device/vif") } == ["0", "1"])
      #expect(
        await value { () throws(XenError) in try await world.client.readIfPresent("device/vbd") }
          == .some(nil))
      #expect(
        await failure { () throws(XenError) in _ = try await world.client.read("device/vbd") } == .missing)
      #expect(
        await failure { () throws(XenError) in try await world.client.write("data", "forbidden") }
          == .refused("EACCES"))
      #expect(await failure { () throws(XenError) in try await world.client.write("data/x", "1") } == nil)
      #expect(world.store["data/x"] == "1")
      #expect(await failure { () throws(XenError) in try await world.client.remove("data") } == nil)
      #expect(world.store["data/x"] == nil)
    }
  }

  @Test(arguments: [1, 3, 17]) func `understands messages that arrive in pieces`(byteCount: Int) {
    let world = StoreWorld(firstIndex: .max - 20)
    world.store.byteCountAtOnce = byteCount
    let long = String(repeating: "x", count: 3000)
    world.run {
      #expect(await failure { () throws(XenError) in try await world.client.write("data", long) } == nil)
      #expect(await value { () throws(XenError) in try await world.client.read("data") } == long)
    }
    #expect(world.store["data"] == long)
  }

  @Test func `asks for several things at once, each gets its own reply`() {
    let world = StoreWorld()
    var answers = [String](repeating: "", count: 40)
    for index in answers.indices { world.store.set("data/\(index)", "value \(index)") }
    world.run {
      for index in 0..<40 {
        world.loop.spawn {
          answers[index] =
            await value { () throws(XenError) in try await world.client.read("data/\(index)") } ?? ""
        }
      }
    }
    #expect(answers == (0..<40).map { "value \($0)" })
  }

  @Test func `sees changes below what it watches, and none after it has stopped`() {
    let world = StoreWorld()
    var changes = 0
    world.run {
      guard
        let watch = await value({ () throws(XenError) in try await world.client.watch("control/shutdown") })
      else { return }
      world.loop.spawn {
        while true {
          await watch.change()
          changes += 1
        }
      }
      await world.loop.sleep(for: .seconds(1))
      #expect(changes == 1)  // The first one is told at once.
      world.store.set("control/shutdown", "poweroff")
      await world.loop.sleep(for: .seconds(1))
      #expect(changes == 2)
      world.store.set("memory/target", "1")
      await world.loop.sleep(for: .seconds(1))
      #expect(changes == 2)
      #expect(await failure { () throws(XenError) in try await world.client.unwatch(watch) } == nil)
      world.store.set("control/shutdown", "reboot")
      await world.loop.sleep(for: .seconds(1))
      #expect(changes == 2)
    }
  }

  @Test func `tries a change again that met another one, and gives up in the end`() {
    let world = StoreWorld()
    let entries = [StoreEntry("a", "1"), StoreEntry("b", "2")]
    var early: String?
    world.store.conflictCount = 2
    world.store.onRequest = { [unowned store = world.store] in
      if store.commitCount == 0 { early = early ?? store["data/a"] }
    }
    world.run {
      #expect(
        await failure { () throws(XenError) in try await world.client.write(entries, below: "data") } == nil)
      #expect(world.store.conflictCount == 0)
      #expect(early == nil)  // Nobody sees it before its end.
      #expect(world.store["data/a"] == "1" && world.store["data/b"] == "2")
      world.store.conflictCount = 100
      #expect(
        await failure { () throws(XenError) in try await world.client.write(entries, below: "data") }
          == .again)
    }
    #expect(world.store.commitCount == 1)
    #expect(world.store.conflictCount == 100 - XenStore.maximumAttemptCount)
  }

  @Test func `begins a change anew when the store forgets its transaction, as after a restore`() {
    let world = StoreWorld()
    var isForgotten = false
    world.store.onRequest = { [unowned store = world.store] in
      guard store.hasTransaction, !isForgotten else { return }
      isForgotten = true
      store.forgetTransactions()
    }
    world.run {
      let entries = [StoreEntry("a", "1"), StoreEntry("b", "2")]
      #expect(
        await failure { () throws(XenError) in try await world.client.write(entries, below: "data") } == nil)
    }
    #expect(isForgotten && world.store["data/a"] == "1" && world.store["data/b"] == "2")
    #expect(world.store.commitCount == 1)
  }

  @Test func `drops a change of which a part is refused`() {
    let world = StoreWorld()
    let entries = [StoreEntry("a", "1"), StoreEntry("b", "forbidden")]
    world.run {
      #expect(
        await failure { () throws(XenError) in try await world.client.write(entries, below: "data") }
          == .refused("EACCES"))
    }
    #expect(world.store["data/a"] == nil)
    #expect(world.store.commitCount == 0)
  }

  @Test func `gives a silent daemon up in time, and goes on when it speaks again`() {
    let world = StoreWorld()
    world.store.set("name", "catalog")
    world.store.isSilent = true
    world.run {
      #expect(await failure { () throws(XenError) in _ = try await world.client.read("name") } == .timedOut)
      #expect(world.loop.now >= Instant(nanoseconds: 1_000_000_000) + XenStore.replyTimeout)
      world.store.isSilent = false
      #expect(await value { () throws(XenError) in try await world.client.read("name") } == "catalog")
    }
  }

  @Test func `refuses what is longer than the protocol takes`() {
    let world = StoreWorld()
    world.run {
      let long = String(repeating: "x", count: StoreMessage.maximumPayloadByteCount)
      #expect(await failure { () throws(XenError) in try await world.client.write("data", long) } == .tooLong)
    }
  }
}

@Suite struct `A daemon that breaks the protocol` {
  @Test func `by an index that runs away is asked no more`() {
    let world = StoreWorld()
    world.run {
      world.store.setResponsesProduced(5000)
      let error = await failure { () throws(XenError) in _ = try await world.client.read("name") }
      #expect(error == .broken("the response ring's index is wrong"))
      #expect(await failure { () throws(XenError) in _ = try await world.client.read("name") } == error)
    }
  }

  @Test func `by an index of requests that runs away, too`() {
    let world = StoreWorld()
    world.run {
      world.store.setRequestsConsumed(5000)
      #expect(
        await failure { () throws(XenError) in _ = try await world.client.read("name") }
          == .broken("the request ring's index is wrong"))
    }
  }

  @Test func `by a message that is too long is asked no more, and who waits is told`() {
    let world = StoreWorld()
    world.store.set("name", "catalog")
    // Kind 2, request 1, no transaction, 5,000 bytes.
    world.store.forgery = [2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x88, 0x13, 0, 0]
    world.run {
      #expect(
        await failure { () throws(XenError) in _ = try await world.client.read("name") }
          == .broken("a message is too long"))
    }
  }

  @Test func `by a reply of another kind is believed nothing`() {
    let world = StoreWorld()
    world.store.set("name", "catalog")
    world.store.forgery = [11, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    world.run {
      #expect(
        await failure { () throws(XenError) in _ = try await world.client.read("name") }
          == .broken("a reply of another kind"))
      #expect(await value { () throws(XenError) in try await world.client.read("name") } == "catalog")
    }
  }

  @Test func `by replies and events that nobody asked for is not heard`() {
    let world = StoreWorld()
    world.store.set("name", "catalog")
    world.store.forgery =
      [2, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  // a reply to request 99
      + [15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 120, 0, 55, 0]  // an event with token 7
      + [15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 120]  // an event with no token
      + [200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  // a kind that is none
    world.run {
      #expect(await value { () throws(XenError) in try await world.client.read("name") } == "catalog")
    }
  }

  @Test(arguments: 0..<50) func `by random bytes harms nobody`(seed: UInt64) {
    var numbers = SplitMix64(seed: seed)
    let world = StoreWorld()
    world.store.set("name", "catalog")
    world.run {
      for _ in 0..<20 {
        world.store.forgery = (0..<64).map { index in
          // Lengths that are small, else the first message swallows all that follows.
          index % 16 >= 13 ? 0 : UInt8(truncatingIfNeeded: numbers.below(index % 16 == 12 ? 40 : 256))
        }
        _ = await failure { () throws(XenError) in _ = try await world.client.read("name") }
      }
    }
  }
}

@Suite struct `After a restore` {
  @Test func `watches are made anew, and requests under way asked again`() {
    let world = StoreWorld()
    var changes = 0
    var reply: String?
    world.run {
      guard let watch = await value({ () throws(XenError) in try await world.client.watch("data") }) else {
        return
      }
      world.loop.spawn {
        while true {
          await watch.change()
          changes += 1
        }
      }
      await world.loop.sleep(for: .seconds(1))
      world.store.isSilent = true
      world.loop.spawn {
        reply = await value { () throws(XenError) in try await world.client.read("name") }
      }
      await world.loop.sleep(for: .seconds(1))
      world.restore()
      world.store.set("name", "catalog")
      await world.loop.sleep(for: .seconds(1))
      #expect(reply == "catalog")
      let before = changes
      world.store.set("data/x", "1")
      await world.loop.sleep(for: .seconds(1))
      #expect(changes == before + 1)
    }
  }
}

/// What `body` returns, or nil when it throws.
private func value<Value>(_ body: () async throws(XenError) -> Value) async -> Value? {
  do throws(XenError) {
    return try await body()
  } catch {
    return nil
  }
}

/// What `body` throws.
private func failure(_ body: () async throws(XenError) -> Void) async -> XenError? {
  do throws(XenError) {
    try await body()
    return nil
  } catch {
    return error
  }
}

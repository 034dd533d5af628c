import EventLoop
import Platform
import Testing
import XenRing
import XenStore
import XenStoreSimulation

@testable import XenBus

/// A frontend, its handshake, and a backend that is played by the test.
private final class Handshake {
  static let frontendFolder = "device/vbd/51712"
  static let backendFolder = "/local/domain/0/backend/vbd/7/51712"

  let world = StoreWorld()
  let frontend: SimulatedFrontend
  let device: XenBusDevice
  var news: [String] = []

  init(waitsForBackend: Bool = true) {
    frontend = SimulatedFrontend(waitsForBackend: waitsForBackend)
    var lastPort: UInt32 = 40
    device = XenBusDevice(
      frontend, folder: Self.frontendFolder, store: world.client, loop: world.loop,
      openChannel: { (_) throws(XenError) -> any EventChannel in
        lastPort += 1
        return SilentChannel(lastPort)
      })
    plug()
  }

  /// What the toolstack writes when it makes the device.
  func plug() {
    world.store.set("\(Self.frontendFolder)/backend", Self.backendFolder)
    world.store.set("\(Self.frontendFolder)/backend-id", "0")
    world.store.set("\(Self.frontendFolder)/state", "1")
    world.store.set("\(Self.backendFolder)/feature-a", "1")
    world.store.set("\(Self.backendFolder)/state", "2")
  }

  var state: String? { world.store["\(Self.frontendFolder)/state"] }

  func backend(_ state: Int, sectors: Int? = nil) {
    if let sectors { world.store.set("\(Self.backendFolder)/sectors", String(sectors)) }
    world.store.set("\(Self.backendFolder)/state", String(state))
  }

  /// Lets everything that can happen without the backend happen.
  func settle() async { await world.loop.sleep(for: .milliseconds(100)) }

  /// Connects, with a backend that does its part.
  func connect() async -> XenError? {
    world.loop.spawn {
      await self.settle()
      self.backend(4, sectors: 1000)
    }
    do throws(XenError) {
      try await device.connect()
      return nil
    } catch {
      return error
    }
  }

  /// Follows the backend from now on.
  func follow() { world.loop.spawn { await self.device.stayConnected { news, _ in self.news.append(news) } } }
}

@Suite struct `A handshake` {
  @Test func `of a disk waits for the backend, reads what it says then, and is connected after it`() {
    let shake = Handshake()
    shake.world.run {
      shake.world.loop.spawn {
        await shake.settle()
        #expect(shake.state == "3")
        #expect(shake.world.store["device/vbd/51712/ring-ref"] == "8")
        #expect(shake.world.store["device/vbd/51712/event-channel"] == "41")
        #expect(shake.frontend.events == ["prepare 0 a=1"])
        shake.backend(4, sectors: 1000)
      }
      #expect(await shake.device.connectFailure() == nil)
      #expect(shake.frontend.events == ["prepare 0 a=1", "start sectors=1000"])
      #expect(shake.state == "4")
    }
    #expect(shake.world.store.commitCount == 1)
  }

  @Test func `of a network device says that it is connected at once`() {
    let shake = Handshake(waitsForBackend: false)
    shake.world.run {
      shake.world.loop.spawn {
        await shake.settle()
        #expect(shake.state == "4")
        shake.backend(4)
      }
      #expect(await shake.device.connectFailure() == nil)
    }
    #expect(shake.frontend.events == ["prepare 0 a=1", "start sectors=none"])
  }

  @Test(arguments: [(6, "closed (state 6)"), (5, "closing (state 5)"), (1, "initialising (state 1)")])
  func `with a backend that is not ready ends in words`(state: Int, words: String) {
    let shake = Handshake()
    shake.backend(state)
    shake.world.run {
      #expect(
        await shake.device.connectFailure() == XenError("the backend of device/vbd/51712 is \(words)"))
    }
    #expect(shake.frontend.events.isEmpty)
  }

  @Test func `with a backend that never connects ends in words`() {
    let shake = Handshake()
    shake.world.run {
      #expect(
        await shake.device.connectFailure()
          == XenError("the backend of device/vbd/51712 is waiting to start (state 2)"))
    }
  }

  @Test func `without a backend's node ends in words`() {
    let shake = Handshake()
    shake.world.store.set("device/vbd/51712/backend", nil)
    shake.world.run {
      #expect(await shake.device.connectFailure() == XenError("xenstore has no backend at device/vbd/51712"))
    }
  }

  @Test func `with features that the frontend refuses ends in its words, and takes back what was prepared`() {
    let shake = Handshake()
    shake.frontend.refusal = XenError("the disk cannot flush")
    shake.world.run {
      #expect(await shake.device.connectFailure() == XenError("the disk cannot flush"))
    }
    #expect(shake.frontend.events == ["disconnect"])
    #expect(shake.state == "1")
  }
}

@Suite struct `A connected device` {
  @Test func `closes with its backend, and is connected again when that returns`() {
    let shake = Handshake()
    shake.world.run {
      #expect(await shake.connect() == nil)
      shake.follow()
      await shake.settle()
      shake.frontend.events = []
      shake.backend(5)
      await shake.settle()
      #expect(shake.frontend.events == ["disconnect"])
      // The backend is to see this before it sees us ready for the next one.
      #expect(shake.state == "6")
      shake.backend(6)
      await shake.settle()
      #expect(shake.state == "1")
      shake.backend(2)
      await shake.settle()
      #expect(shake.state == "3")
      shake.backend(4, sectors: 1000)
      await shake.settle()
      #expect(shake.state == "4")
    }
    #expect(shake.frontend.events == ["disconnect", "prepare 0 a=1", "start sectors=1000"])
    #expect(
      shake.news == ["the backend of device/vbd/51712 is closing", "device/vbd/51712 is connected again"])
  }

  @Test func `closes again for a backend that fails while it connects, and is connected in the end`() {
    let shake = Handshake()
    shake.world.run {
      #expect(await shake.connect() == nil)
      shake.follow()
      await shake.settle()
      shake.backend(6)
      await shake.settle()
      shake.backend(2)
      await shake.settle()
      #expect(shake.state == "3")
      // It met an error, and waits for us to close.
      shake.backend(5)
      await shake.world.loop.sleep(for: .seconds(2))
      #expect(shake.state == "6")
      shake.backend(6)
      await shake.settle()
      #expect(shake.state == "1")
      shake.backend(2)
      await shake.settle()
      shake.backend(4)
      await shake.settle()
      #expect(shake.state == "4")
    }
    #expect(shake.news.last == "device/vbd/51712 is connected again")
  }

  @Test func `survives a backend that vanishes without a word`() {
    let shake = Handshake()
    shake.world.run {
      #expect(await shake.connect() == nil)
      shake.follow()
      await shake.settle()
      shake.world.store.set(Handshake.backendFolder, nil)
      await shake.settle()
      #expect(shake.frontend.events.last == "disconnect")
      shake.plug()
      await shake.settle()
      shake.backend(4, sectors: 5)
      await shake.settle()
    }
    #expect(shake.frontend.events.last == "start sectors=5")
    #expect(shake.state == "4")
  }

  @Test func `takes no notice of a backend that says the same again`() {
    let shake = Handshake()
    shake.world.run {
      #expect(await shake.connect() == nil)
      shake.follow()
      await shake.settle()
      shake.backend(4)
      shake.backend(7)
      shake.backend(4)
      await shake.settle()
    }
    #expect(shake.frontend.events == ["prepare 0 a=1", "start sectors=1000"])
    #expect(shake.news.isEmpty)
  }

  @Test func `is tried again after a refusal, which is reported once`() {
    let shake = Handshake()
    shake.world.run {
      #expect(await shake.connect() == nil)
      shake.follow()
      await shake.settle()
      shake.frontend.refusal = XenError("fewer features than before")
      shake.backend(6)
      await shake.settle()
      shake.backend(2)
      await shake.settle()
      await shake.world.loop.sleep(for: .seconds(10))
      #expect(shake.news.filter { $0 == "fewer features than before" }.count == 1)
      shake.frontend.refusal = nil
      await shake.world.loop.sleep(for: .seconds(2))
      shake.backend(4)
      await shake.settle()
      #expect(shake.news.last == "device/vbd/51712 is connected again")
    }
  }

  @Test func `connects to another host's backend after a restore`() {
    let shake = Handshake()
    shake.world.run {
      #expect(await shake.connect() == nil)
      shake.follow()
      await shake.settle()
      shake.world.restore()
      let folder = "/local/domain/0/backend/vbd/9/51712"
      shake.world.store.set("device/vbd/51712/backend", folder)
      shake.world.store.set("device/vbd/51712/backend-id", "3")
      shake.world.store.set("device/vbd/51712/state", "1")
      shake.world.store.set("\(folder)/state", "2")
      shake.device.reconnect()
      await shake.settle()
      #expect(shake.state == "3")
      shake.world.store.set("\(folder)/sectors", "77")
      shake.world.store.set("\(folder)/state", "4")
      await shake.settle()
      #expect(shake.state == "4")
    }
    #expect(shake.frontend.events.suffix(2) == ["prepare 3 a=none", "start sectors=77"])
    #expect(shake.news == ["device/vbd/51712 is connected again"])
  }
}

extension XenBusDevice {
  /// What `connect` throws.
  fileprivate func connectFailure() async -> XenError? {
    do throws(XenError) {
      try await connect()
      return nil
    } catch {
      return error
    }
  }
}

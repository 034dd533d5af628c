import DeviceTesting
import Testing

@testable import Virtio

@Suite struct MMIODeviceTests {
  private func error(_ model: NetModel, memory: GuardedMemory = GuardedMemory()) -> VirtioError? {
    do throws(VirtioError) {
      _ = try VirtioNet(registers: model.device, memory: memory)
      return nil
    } catch {
      return error
    }
  }

  @Test func `what is no modern network device is left untouched`() {
    var model = NetModel()
    model.device.magic = 0
    #expect(error(model) == .notVirtio && model.device.resetCount == 0)
    model = NetModel()
    model.device.version = 1
    #expect(error(model) == .unsupportedVersion(1) && model.device.resetCount == 0)
    let disk = ModelDevice(kind: 2, features: [], queueMaxima: [64], configuration: [])
    #expect(throws: VirtioError.unexpectedDevice(2)) {
      try VirtioNet(registers: disk, memory: GuardedMemory())
    }
    #expect(disk.resetCount == 0 && disk.status == 0)
  }

  @Test func `a device that never finishes its reset is given up`() {
    let model = NetModel()
    model.device.finishesReset = false
    #expect(error(model) == .resetTimedOut)
    #expect(model.device.status & 128 != 0 && model.device.accessCount < 20_000)
  }

  @Test func `a device without what is needed is refused by name`() {
    let old = ModelDevice(kind: 1, rawFeatures: 1 << 5)
    #expect(throws: VirtioError.missingFeatures(.version1)) {
      try VirtioNet(registers: old, memory: GuardedMemory())
    }
    #expect(old.isGivenUp)
    let nameless = NetModel(features: [0])
    #expect(error(nameless) == .missingFeatures(.netMAC) && nameless.device.isGivenUp)
  }

  @Test func `a device that refuses its own offer is given up`() {
    let model = NetModel()
    model.device.acceptsFeatures = false
    #expect(error(model) == .featuresRefused && model.device.isGivenUp)
  }

  @Test(arguments: [
    ([UInt32(0), 64], VirtioError.queueUnavailable(0)), ([64, 0], .queueUnavailable(1)),
    ([64], .queueUnavailable(1)), ([], .queueUnavailable(0)),
  ]) func `a queue that is not there is named`(maxima: [UInt32], expected: VirtioError) {
    let model = NetModel(queueMaxima: maxima)
    #expect(error(model) == expected && model.device.isGivenUp)
  }

  @Test(arguments: [UInt32(1), 3, 100, 65_535, .max, 0x8000_0000])
  func `a queue of any maximum gets a power of two that fits`(maximum: UInt32) throws {
    let model = NetModel(queueMaxima: [maximum, maximum])
    let net = try VirtioNet(registers: model.device, memory: GuardedMemory())
    #expect(model.device.allFaults.isEmpty && net.failure == nil)
    #expect(model.device.queues[0].size == (maximum == 1 ? 1 : maximum == 3 ? 2 : 64))
  }

  @Test func `a queue that does not become ready is unavailable`() {
    let model = NetModel()
    model.device.takesQueues = false
    #expect(error(model) == .queueUnavailable(0) && model.device.isGivenUp)
  }

  @Test func `a queue too small for a frame of the MTU is refused`() {
    let model = NetModel(features: [3, 5, 15], queueMaxima: [64, 1], mtu: 9000)
    #expect(error(model) == .queueTooSmall(1))
  }

  @Test(arguments: [
    (UInt16(0), NetModel.everything), (UInt16(575), NetModel.everything), (UInt16(4067), [3, 5]),
    (UInt16(65_535), [3, 5]),
  ]) func `an MTU that makes no sense is refused`(mtu: UInt16, features: [Int]) {
    let model = NetModel(features: features, mtu: mtu)
    #expect(error(model) == .badConfiguration(.maximumTransmissionUnit) && model.device.isGivenUp)
  }

  @Test func `an MTU at the limits is taken`() {
    #expect(error(NetModel(mtu: 576)) == nil && error(NetModel(mtu: 65_535)) == nil)
    #expect(error(NetModel(features: [3, 5], mtu: 4066)) == nil)
  }

  @Test(arguments: [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [255, 255, 255, 255, 255, 255]])
  func `an address of nobody or of a group is refused`(address: [UInt8]) {
    #expect(error(NetModel(address: address)) == .badConfiguration(.hardwareAddress))
  }

  @Test func `a configuration that never keeps still is given up`() {
    let model = NetModel()
    model.device.changesWhileRead = true
    #expect(error(model) == .configurationUnstable && model.device.isGivenUp)
  }

  @Test func `no memory is an error at every allocation`() {
    var (budget, errors, last) = (0, 0, VirtioError?.some(.outOfMemory))
    while budget < 2 << 20 {
      last = error(NetModel(), memory: GuardedMemory(budget: budget))
      guard last == .outOfMemory else { break }
      errors += 1
      budget += 8192
    }
    #expect(last == nil && errors > 60)
  }

  @Test func `every error has words of its own`() {
    let errors: [VirtioError] = [
      .notVirtio, .unsupportedVersion(1), .unexpectedDevice(3), .resetTimedOut, .missingFeatures(.version1),
      .featuresRefused, .queueUnavailable(0), .queueTooSmall(0), .badConfiguration(.capacity),
      .badConfiguration(.blockSize), .badConfiguration(.segmentSize), .badConfiguration(.segmentCount),
      .badConfiguration(.hardwareAddress), .badConfiguration(.maximumTransmissionUnit), .unflushable,
      .outOfMemory, .needsReset, .usedIndexOutOfRange(0), .usedIdentifierOutOfRange(0),
      .usedIdentifierNotInFlight(0), .usedTooLong(0), .usedTooShort(0), .badBufferCount(0), .badStatus(9),
      .configurationUnstable, .abandoned,
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
  }
}

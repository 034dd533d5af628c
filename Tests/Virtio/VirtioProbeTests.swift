import Testing
import Virtio

@Suite struct VirtioProbeTests {
  @Test func `the entries of microvm's command line are found`() {
    let line =
      "console=ttyS0 virtio_mmio.device=512@0xfeb00e00:12 quiet\tvirtio_mmio.device=512@0xfeb00c00:11\n"
    let (slots, ignoredCount) = VirtioProbe.slots(commandLine: line)
    #expect(
      slots == [
        MMIOSlot(address: 0xfeb0_0e00, byteCount: 512, interruptLine: 12),
        MMIOSlot(address: 0xfeb0_0c00, byteCount: 512, interruptLine: 11),
      ])
    #expect(ignoredCount == 0)
  }

  @Test(arguments: [
    ("4K@0xfeb00000:1", UInt64(4096)), ("1M@0xfeb00000:1", 1 << 20), ("0x200@4272947200:1:7", 512),
    ("1k@0XFEB00000:1", 1024), ("2m@0xfeb00000:0", 2 << 20),
  ]) func `sizes have suffixes and numbers have bases`(entry: String, byteCount: UInt64) {
    let slots = VirtioProbe.slots(commandLine: "virtio_mmio.device=" + entry).slots
    #expect(slots.first?.byteCount == byteCount && slots.first?.address == 0xfeb0_0000)
  }

  @Test(arguments: [
    "", "512", "512@", "512@0xfeb00000", "512@0xfeb00000:", "512@0xfeb00000:x", "@0xfeb00000:1", "512@0x:1",
    "512@0xfeb00000:1:", "512@0xfeb00000:1:2:3", "512@0xfeb00000:1x", "-1@0xfeb00000:1", "0@0xfeb00000:1",
    "271@0xfeb00000:1", "512@0:1", "512@0xff000000:1", "512@0xfe9fff00:1", "512@0xfeffff00:1",
    "512@0xfeb00001:1", "512@0xfeb00000:4294967296", "18446744073709551616@0xfeb00000:1",
    "18446744073709551615G@0xfeb00000:1", "512@0xfffffffffffffff0:1", "512@0x1fffffffffffffffff:1",
    "1T@0xfeb00000:1",
    "4G@0xfeb00000:1",
  ]) func `a malformed entry is passed over`(entry: String) {
    let line = "virtio_mmio.device=\(entry) virtio_mmio.device=512@0xfeb00e00:12"
    let (slots, ignoredCount) = VirtioProbe.slots(commandLine: line)
    #expect(slots.map(\.interruptLine) == [12] && ignoredCount == 1)
  }

  @Test func `other words are not entries`() {
    let (slots, ignoredCount) = VirtioProbe.slots(
      commandLine: "virtio_mmio.devices=1 xvirtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device")
    #expect(slots.isEmpty && ignoredCount == 0)
  }

  @Test func `no more slots are looked at than the limit`() {
    let entry = "virtio_mmio.device=512@0xfeb00e00:12 "
    let line = String(repeating: entry, count: VirtioProbe.maximumSlotCount + 2)
    let (slots, ignoredCount) = VirtioProbe.slots(commandLine: line)
    #expect(slots.count == VirtioProbe.maximumSlotCount && ignoredCount == 2)
  }

  @Test func `devices are known by their registers`() {
    let slots = (0..<6).map { MMIOSlot(address: UInt64($0), byteCount: 512, interruptLine: UInt32($0)) }
    let devices = [1, 0, 2, 4, 9, 1].map {
      ModelDevice(kind: UInt32($0), features: [], queueMaxima: [], configuration: [])
    }
    devices[5].version = 1
    let found = VirtioProbe.devices(in: slots) { devices[Int($0.address)] }
    #expect(found.map(\.kind) == [.network, .block, .entropy])
    #expect(found.map(\.slot.interruptLine) == [0, 2, 3])
    #expect(VirtioProbe.devices(in: slots) { _ in nil }.isEmpty)
  }
}

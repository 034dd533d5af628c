// Linux: drivers/virtio/virtio_mmio.c describes `virtio_mmio.device=` before changing this file.

import Bytes

/// Where the registers of a virtio-mmio device are, and its interrupt line.
public struct MMIOSlot: Equatable, Sendable {
  /// The address of the first register.
  public var address: UInt64
  /// Bytes of its registers.
  public var byteCount: UInt64
  /// The line of the interrupt controller.
  public var interruptLine: UInt32

  /// A slot.
  public init(address: UInt64, byteCount: UInt64, interruptLine: UInt32) {
    self.address = address
    self.byteCount = byteCount
    self.interruptLine = interruptLine
  }
}

/// Finds virtio-mmio devices by the kernel command line that QEMU's microvm writes without ACPI, such as
/// `virtio_mmio.device=512@0xfeb00e00:12`.
public enum VirtioProbe {
  /// Where microvm has devices; this is mapped and not cached.
  public static let window: ClosedRange<UInt64> = 0xfea0_0000...0xfeff_ffff
  /// Bytes of the registers and of the smallest configuration a driver here reads.
  static let smallestByteCount: UInt64 = 0x110
  /// Slots that are looked at; microvm has 24.
  public static let maximumSlotCount = 32
  private static let key: StaticString = "virtio_mmio.device="

  /// The slots that `commandLine` names, in its order, at most `maximumSlotCount`; and how many entries were passed
  /// over because they are malformed or lie outside of `window`.
  public static func slots(
    commandLine: String, window: ClosedRange<UInt64> = window
  ) -> (slots: [MMIOSlot], ignoredCount: Int) {
    var slots: [MMIOSlot] = []
    var ignoredCount = 0
    var reader = WordReader(commandLine)
    while reader.findWord() {
      if reader.skip(key) {
        if slots.count < maximumSlotCount, let slot = reader.slot(window: window) {
          slots.append(slot)
        } else {
          ignoredCount += 1
        }
      }
      reader.skipWord()
    }
    return (slots, ignoredCount)
  }

  /// What sits in the slot of `registers`; nil when it is empty, no modern virtio device, or of a kind that has no
  /// driver here. Reads three registers, changes nothing.
  public static func kind(of registers: any MMIORegisters) -> VirtioDeviceKind? {
    guard
      registers.load32(at: MMIORegister.magicValue) == MMIODevice.magic,
      registers.load32(at: MMIORegister.version) == MMIODevice.version
    else { return nil }
    return VirtioDeviceKind(rawValue: registers.load32(at: MMIORegister.deviceID))
  }

  /// The devices of `slots` that have a driver here, in their order. `registers` gives access to a slot, nil to pass
  /// over it.
  public static func devices(
    in slots: [MMIOSlot], registers: (MMIOSlot) -> (any MMIORegisters)?
  ) -> [(kind: VirtioDeviceKind, slot: MMIOSlot)] {
    var devices: [(kind: VirtioDeviceKind, slot: MMIOSlot)] = []
    for slot in slots {
      if let access = registers(slot), let kind = kind(of: access) { devices.append((kind, slot)) }
    }
    return devices
  }
}

/// Reads words `<size>@<address>:<line>[:<id>]`.
private struct WordReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// The byte that is read next; a space behind the last one.
  private var next: UInt8 { position < bytes.count ? bytes[position] : UInt8(ascii: " ") }

  private var isAtWordsEnd: Bool { next == UInt8(ascii: " ") || (0x09...0x0d).contains(next) }

  /// Goes to the next word, if there is one.
  mutating func findWord() -> Bool {
    while position < bytes.count, isAtWordsEnd { position += 1 }
    return position < bytes.count
  }

  mutating func skipWord() {
    while !isAtWordsEnd { position += 1 }
  }

  mutating func skip(_ text: StaticString) -> Bool {
    let start = position
    for index in 0..<text.utf8CodeUnitCount where !skip(text.utf8Start[index]) {
      position = start
      return false
    }
    return true
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  mutating func slot(window: ClosedRange<UInt64>) -> MMIOSlot? {
    guard
      let byteCount = size(), skip(UInt8(ascii: "@")), let address = number(), skip(UInt8(ascii: ":")),
      let line = number(), let interruptLine = UInt32(exactly: line)
    else { return nil }
    if skip(UInt8(ascii: ":")) { guard number() != nil else { return nil } }
    let (last, overflow) = address.addingReportingOverflow(byteCount &- 1)
    guard
      isAtWordsEnd, byteCount >= VirtioProbe.smallestByteCount, address % 4 == 0, !overflow,
      window.contains(address), window.contains(last)
    else { return nil }
    return MMIOSlot(address: address, byteCount: byteCount, interruptLine: interruptLine)
  }

  /// A number that may end with K, M or G.
  private mutating func size() -> UInt64? {
    guard let value = number() else { return nil }
    let shift: UInt64
    switch next | 0x20 {
    case UInt8(ascii: "k"): shift = 10
    case UInt8(ascii: "m"): shift = 20
    case UInt8(ascii: "g"): shift = 30
    default: return value
    }
    position += 1
    let (scaled, overflow) = value.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : scaled
  }

  /// Decimal digits, or 0x and hexadecimal ones.
  @inline(never)
  private mutating func number() -> UInt64? {
    var radix: UInt64 = 10
    if skip("0x") || skip("0X") { radix = 16 }
    var value: UInt64 = 0
    let start = position
    while let digit = Self.digit(next), digit < radix {
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = sum
      position += 1
    }
    return position > start ? value : nil
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}

// Virtio 1.2 §5.1.6 and xen/io/netif.h before changing this file: both backends must fit behind it.

/// What a network device does for the stack, beyond moving frames.
public struct NetworkOffload: OptionSet, Sendable {
  /// The bits; they mean nothing outside this program.
  public let rawValue: UInt8
  /// Offloads from their bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Finishes a TCP or UDP checksum over IPv4 whose field holds the pseudo header's sum (`ChecksumSeal.partial`).
  public static let transmitChecksum = NetworkOffload(rawValue: 1)
  /// Cuts a large TCP/IPv4 segment into segments of `OutboundFrame.segmentByteCount`; implies `transmitChecksum`.
  public static let transmitSegmentation = NetworkOffload(rawValue: 2)
  /// May deliver frames whose transport checksum need not be looked at (`InboundFrame.checksumIsTrusted`).
  public static let receiveChecksum = NetworkOffload(rawValue: 4)
  /// May deliver TCP segments that are larger than the MTU: several put together, or never cut.
  public static let receiveLarge = NetworkOffload(rawValue: 8)
  /// As `transmitChecksum`, over IPv6.
  public static let transmitChecksum6 = NetworkOffload(rawValue: 16)
  /// As `transmitSegmentation`, over IPv6; implies `transmitChecksum6`.
  public static let transmitSegmentation6 = NetworkOffload(rawValue: 32)
}

/// A frame to be sent, in up to three pieces of memory. They are the device's for the call only.
public struct OutboundFrame: ~Escapable {
  /// Ethernet, network and transport header, and all of a frame that has no payload of its own.
  public let header: RawSpan
  /// What follows the header: the front of the payload.
  public let payload: RawSpan
  /// What follows that: the rest of a payload that lies in two pieces.
  public let payloadTail: RawSpan
  /// Where the device starts to add up the transport checksum, counted from the frame's start, and where its field
  /// stands from there; nil when the checksum is whole.
  public let checksum: (start: Int, offset: Int)?
  /// Payload bytes of each segment that the device cuts this one into; 0 when it is not to be cut.
  public let segmentByteCount: Int

  /// A frame.
  @_lifetime(copy header, copy payload, copy payloadTail)
  public init(
    header: RawSpan, payload: RawSpan, payloadTail: RawSpan, checksum: (start: Int, offset: Int)?,
    segmentByteCount: Int
  ) {
    self.header = header
    self.payload = payload
    self.payloadTail = payloadTail
    self.checksum = checksum
    self.segmentByteCount = segmentByteCount
  }

  /// Bytes of all three pieces.
  public var byteCount: Int { header.byteCount + payload.byteCount + payloadTail.byteCount }

  /// Whether it is a packet of IPv6, by its Ethernet type.
  public var isIPv6: Bool {
    // Safe: it has 14 bytes.
    header.byteCount >= 14 && header.unsafeLoad(fromByteOffset: 12, as: UInt8.self) == 0x86
  }

  /// What a device must do with its checksum, if there is something to be done, and with it if it is to be cut.
  public var checksumOffload: NetworkOffload { isIPv6 ? .transmitChecksum6 : .transmitChecksum }
  /// As `checksumOffload`, for the cutting.
  public var segmentationOffload: NetworkOffload { isIPv6 ? .transmitSegmentation6 : .transmitSegmentation }
}

/// A frame that arrived. Its memory is the stack's until `deliver` returns. A device copies what it shares with a
/// backend before it lends it, or lends memory that the backend can no longer write.
public struct InboundFrame: ~Escapable {
  /// The frame from its Ethernet header on; all of it, unless `rest` is not empty.
  public let bytes: RawSpan
  /// The pieces behind `bytes`, in order: a large frame that lies in several pages.
  public let rest: Span<UnsafeRawBufferPointer>
  /// Whether TCP and UDP checksums are known to be right: the device checked them, or the bytes never left this
  /// machine.
  public let checksumIsTrusted: Bool

  /// A frame.
  @_lifetime(copy bytes, copy rest)
  public init(bytes: RawSpan, rest: Span<UnsafeRawBufferPointer>, checksumIsTrusted: Bool) {
    self.bytes = bytes
    self.rest = rest
    self.checksumIsTrusted = checksumIsTrusted
  }

  /// A frame in one piece.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, checksumIsTrusted: Bool = false) {
    self.init(bytes: bytes, rest: Span<UnsafeRawBufferPointer>(), checksumIsTrusted: checksumIsTrusted)
  }
}

/// An Ethernet device. Never waits: who drives the loop tells the stack when frames may have arrived.
public protocol NetworkDevice: AnyObject {
  /// Its address in the low 48 bits, the first byte highest.
  var hardwareAddress: UInt64 { get }
  /// The largest IP packet on the link, in bytes.
  var maximumTransmissionUnit: Int { get }
  /// What was negotiated with the backend.
  var offload: NetworkOffload { get }
  /// The largest IP packet that `transmit` takes when it cuts segments; the MTU when it does not.
  var maximumLargePacketByteCount: Int { get }
  /// Takes a copy of `frame`, or sends it. False when there is no room: nothing was taken, try again after the next
  /// event of the device.
  func transmit(_ frame: borrowing OutboundFrame) -> Bool
  /// Hands up to `limit` frames to `deliver` in the order they arrived; returns how many. Fewer than `limit` means
  /// that no more are there.
  func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int
  /// Tells the backend about what was transmitted since the last call. Called once per turn of the loop.
  func notify()
}

// The kernel's Documentation/networking/tuntap.rst and Virtio 1.2 §5.1.6 before changing this file.
import CLinux
import Glibc
import Platform

/// A TAP interface of the Linux kernel as a network device: what is transmitted arrives at the interface, what the
/// kernel or a bridge sends out of the interface is received.
///
/// One system call per frame, no allocation, and no copy beside the kernel's own. Confined to the loop's thread.
public final class TapDevice: NetworkDevice {
  /// Bytes before an IP packet in a frame: the Ethernet header and a VLAN tag.
  static let linkHeaderByteCount = 18
  /// The largest IP packet there is, which is also the largest that offloads put together.
  static let largestPacketByteCount = 65_535
  /// The shortest frame with a whole Ethernet header.
  static let shortestFrameByteCount = 14

  public let hardwareAddress: UInt64
  public let maximumTransmissionUnit: Int
  public let offload: NetworkOffload
  /// The TAP descriptor, for whoever waits until it is readable.
  public let descriptor: Int32
  /// Frames that the interface refused (it is down, or has no memory), and that were given up.
  public private(set) var droppedTransmitCount: UInt64 = 0
  /// What came out of the device and was no frame.
  public private(set) var droppedReceiveCount: UInt64 = 0

  private let header: UnsafeMutableRawPointer
  private let pieces: UnsafeMutablePointer<iovec>
  private let buffer: UnsafeMutableRawBufferPointer

  /// Takes over `descriptor`, which `open` made or somebody who did the same handed down, and closes it at the end.
  /// `offloads` chooses whether checksums and cutting are left to the kernel, in both directions. Throws
  /// `notPermitted` when the descriptor is not that of a TAP interface; it is then left alone.
  public init(
    inheriting descriptor: Int32, hardwareAddress: UInt64, maximumTransmissionUnit: Int = 1500,
    offloads: Bool = true
  ) throws(NetworkError) {
    precondition(
      hardwareAddress < 1 << 48 && (576...Self.largestPacketByteCount).contains(maximumTransmissionUnit))
    guard souk_tap_prepare(descriptor, Int32(VirtioNetHeader.byteCount), offloads ? 1 : 0) == 0 else {
      throw .notPermitted
    }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    self.descriptor = descriptor
    self.hardwareAddress = hardwareAddress
    self.maximumTransmissionUnit = maximumTransmissionUnit
    offload =
      offloads
      ? [
        .transmitChecksum, .transmitSegmentation, .transmitChecksum6, .transmitSegmentation6,
        .receiveChecksum,
        .receiveLarge,
      ] : []
    header = .allocate(byteCount: VirtioNetHeader.byteCount, alignment: 8)
    pieces = .allocate(capacity: 4)
    buffer = .allocate(
      byteCount: VirtioNetHeader.byteCount + Self.linkHeaderByteCount + Self.largestPacketByteCount,
      alignment: 16)
  }

  deinit {
    close(descriptor)
    header.deallocate()
    pieces.deallocate()
    buffer.deallocate()
  }

  /// A descriptor of the TAP interface `name` (at most 15 bytes), which is made if it is not there and goes with its
  /// last descriptor. In the network namespace of the calling thread. Needs CAP_NET_ADMIN and /dev/net/tun: throws
  /// `notPermitted` without; `addressInUse` when another has the interface open.
  public static func open(name: String) throws(NetworkError) -> Int32 {
    let descriptor = souk_tap_open(name)
    if descriptor >= 0 { return descriptor }
    switch errno {
    case EBUSY: throw .addressInUse
    case ENOMEM, ENFILE, EMFILE: throw .exhausted
    default: throw .notPermitted
    }
  }

  public var maximumLargePacketByteCount: Int {
    offload.contains(.transmitSegmentation) ? Self.largestPacketByteCount : maximumTransmissionUnit
  }

  public func transmit(_ frame: borrowing OutboundFrame) -> Bool {
    describe(frame).store(to: header)
    pieces[0] = iovec(iov_base: header, iov_len: VirtioNetHeader.byteCount)
    // The kernel only reads what the vector of a writev points to, and the spans outlive the call.
    let count = frame.header.withUnsafeBytes { first in
      frame.payload.withUnsafeBytes { second in
        frame.payloadTail.withUnsafeBytes { third in
          var pieceCount = 1
          append(first, &pieceCount)
          append(second, &pieceCount)
          append(third, &pieceCount)
          while true {
            let count = writev(descriptor, pieces, Int32(pieceCount))
            if count >= 0 || errno != EINTR { return count }
          }
        }
      }
    }
    if count >= 0 { return true }
    if errno == EAGAIN { return false }
    droppedTransmitCount &+= 1
    return true
  }

  public func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int {
    var delivered = 0
    while delivered < limit {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        // Nothing there; or the interface has gone (EBADFD), after which nothing comes any more.
        break
      }
      guard count >= VirtioNetHeader.byteCount + Self.shortestFrameByteCount else {
        droppedReceiveCount &+= 1
        continue
      }
      let flags = VirtioNetHeader.flags(at: buffer.baseAddress!)
      let frame = UnsafeRawBufferPointer(rebasing: buffer[VirtioNetHeader.byteCount..<count])
      deliver(
        InboundFrame(
          frame.bytes,
          checksumIsTrusted: flags & (VirtioNetHeader.needsChecksum | VirtioNetHeader.dataIsValid) != 0))
      delivered += 1
    }
    return delivered
  }

  /// Nothing: the kernel has each frame when `transmit` returns.
  public func notify() {}

  private func append(_ piece: UnsafeRawBufferPointer, _ pieceCount: inout Int) {
    guard piece.count > 0 else { return }
    pieces[pieceCount] = iovec(
      iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
    pieceCount += 1
  }

  private func describe(_ frame: borrowing OutboundFrame) -> VirtioNetHeader {
    var header = VirtioNetHeader()
    if let checksum = frame.checksum {
      precondition(offload.contains(frame.checksumOffload), "the checksum is for the stack to finish")
      header.flags = VirtioNetHeader.needsChecksum
      header.checksumStart = UInt16(checksum.start)
      header.checksumOffset = UInt16(checksum.offset)
    }
    if frame.segmentByteCount > 0 {
      precondition(offload.contains(frame.segmentationOffload), "the segments are for the stack to cut")
      header.segmentation =
        frame.isIPv6 ? VirtioNetHeader.segmentedTCPv6 : VirtioNetHeader.segmentedTCPv4
      header.segmentByteCount = UInt16(frame.segmentByteCount)
      header.headerByteCount = UInt16(frame.header.byteCount)
    }
    return header
  }
}

// RFC 9293 §3.8.6.2.2 and RFC 7323 §2.3 and §2.4 before changing this file.

import Bytes
import Wire

extension Connection {
  /// Bytes from RCV.NXT to the right edge that we would tell now. Never left of what was told; moved right only by a
  /// segment or half the queue, against silly windows. Falls as the pool fills.
  var offerableWindow: Int {
    @inline(__always) get {
      let told = max(0, receiveEdge - receiveNext)
      let capacity = receiveQueue.ring.possibleCapacity(upTo: receiveWindowTarget)
      let free = capacity - receiveQueue.count
      return free >= told + min(capacity / 2, localSegmentByteCount) ? free : told
    }
  }

  /// SEG.WND.
  var windowField: UInt16 {
    @inline(__always) get {
      let shift = Int(receiveWindowShift)
      let offer = offerableWindow
      var field = offer >> shift
      // Rounding down must not take back what was told. But each rounding up moves the edge by less than a unit, and a
      // peer with many small segments would make a queue that nobody reads grow for ever: when that adds up to an eighth,
      // the edge stays, which RFC 7323 §2.4 foresees.
      let told = receiveEdge - receiveNext
      if field << shift < told, receiveQueue.count + told <= receiveWindowTarget + receiveWindowTarget / 8 {
        field += 1
      }
      return UInt16(min(field, 0xffff))
    }
  }

  /// The program has read `byteCount` bytes: grows the window while it keeps up, and tells the peer when that opens
  /// the window by enough.
  mutating func didRead(_ byteCount: Int) -> Events {
    readSinceGrowth += byteCount
    if readSinceGrowth >= receiveWindowTarget {
      readSinceGrowth = 0
      // A whole window was read: the reader is no slower than the window lets the sender be.
      if receiveWindowTarget < maximumReceiveWindow {
        receiveWindowTarget = min(2 * receiveWindowTarget, maximumReceiveWindow)
      }
    }
    guard state.expectsData, !hasReceivedFin else { return [] }
    let told = max(0, receiveEdge - receiveNext)
    let offer = offerableWindow
    // While more than half of it is open, the ACKs of what arrives carry the news.
    guard offer > told, told * 2 < offer else { return [] }
    owesAcknowledgement = true
    return .transmitNow
  }

  /// What 16 bits and the shift can tell.
  private var maximumReceiveWindow: Int {
    @inline(__always) get {
      min(configuration.maximumReceiveWindowByteCount, 0xffff << Int(receiveWindowShift))
    }
  }
}

// RFC 9937 before changing this file.

/// Proportional Rate Reduction: how much may be sent in fast recovery. What is sent follows what is delivered, so that
/// the window falls to ssthresh over one round trip, without the pause that waiting for it would be; and when more was
/// lost than the window had to fall, it comes back no faster than slow start, and not in one burst into the queue that
/// has just overflowed. All amounts are bytes.
struct RateReduction {
  /// RecoverFS: what was in flight when the recovery began.
  private var flight: Int32 = 1
  /// prr_delivered and prr_out: what arrived, and was sent, since.
  private var delivered: Int32 = 0
  private var sent: Int32 = 0
  /// sndcnt: what may be sent now.
  private(set) var allowed: Int32 = 0

  /// A recovery begins. When something was last sent, `flight` bytes that had not arrived were in the network, of which
  /// `delivered` had arrived before the ACK that told of the loss.
  init(flight: Int, delivered: Int) {
    self.flight = Int32(max(1, flight))
    self.delivered = Int32(max(0, delivered))
  }

  init() {}

  /// An ACK tells that `byteCount` bytes have arrived; `pipe` are in the network, `target` (ssthresh) may be. `isSafe`:
  /// it is of new data and tells of no further loss. `segment`: SMSS.
  mutating func acknowledged(_ byteCount: Int, pipe: Int, target: Int, segment: Int, isSafe: Bool) {
    delivered &+= Int32(byteCount)
    if pipe > target {
      let share = (Int(delivered) * target + Int(flight) - 1) / Int(flight)
      allowed = Int32(clamping: share - Int(sent))
    } else {
      // The first repair does not go alone (RFC 6937's slow start bound): its loss would show by nothing but the RTO.
      let limit = max(Int(delivered) - Int(sent), byteCount) + (isSafe || sent == 0 ? segment : 0)
      allowed = Int32(clamping: min(target - pipe, limit))
    }
  }

  /// `byteCount` bytes were sent, new ones or again. A peer can have more sent than any number holds.
  mutating func didSend(_ byteCount: Int) {
    sent &+= Int32(byteCount)
    allowed = Int32(clamping: Int(allowed) - byteCount)
  }
}

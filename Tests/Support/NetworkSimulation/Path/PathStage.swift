import Platform

/// A box that frames go through between a device and its cable: a middlebox, a router, a link layer with manners of its
/// own. It passes each frame on, now or later, changed or not, drops it, or says something itself; what it is given and
/// does not pass it drops. One box may stand in the way of both devices of a path.
protocol PathStage: AnyObject {
  /// A frame has come to the box.
  func take(_ frame: FrameBuffer, at hop: Hop)
}

/// Where a frame stands on its way.
struct Hop {
  let wire: SimulatedWire
  /// Whose frame it is.
  let sender: SimulatedDevice
  /// The box's place among those of the sender.
  let index: Int

  /// Now.
  var now: Instant { wire.loop.now }

  /// Hands the frame to the next box, or to the cable behind the last one.
  func pass(_ frame: FrameBuffer) { wire.proceed(frame, from: sender, to: index + 1) }

  /// The same at `moment`. Frames of one moment keep their order.
  func pass(_ frame: FrameBuffer, at moment: Instant) {
    wire.fly(frame, from: sender, arrivingAt: max(moment, now), next: index + 1)
  }

  /// The frame goes no further.
  func drop(_ frame: FrameBuffer, _ why: String) { wire.dropInPath(frame, why) }

  /// A buffer for a frame that the box makes.
  func makeFrame(byteCount: Int) -> FrameBuffer { wire.pool.take(byteCount: byteCount) }

  /// Delivers a frame of the box's own to whom its destination names, a moment later.
  func deliver(_ frame: FrameBuffer) {
    wire.fly(frame, from: nil, arrivingAt: now.advanced(byNanoseconds: 1_000), next: nil)
  }
}

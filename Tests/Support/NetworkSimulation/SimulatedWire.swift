import Bytes
import DequeModule
import EventLoop
import HeapModule
import Platform
import Wire

/// An Ethernet segment in memory: each device's cable, with its impairments, leads to a switch without faults that
/// knows every address. Confined to its loop's thread.
///
/// A clean cable hands a frame over in the same turn, allocates nothing once its buffers are made, and makes the sender
/// wait when the receiver has no room. An impaired one delivers by a timer of the loop. Every decision is drawn from
/// the seed, for each device from numbers of its own.
///
/// Who drives the loop calls `pump` once a turn.
public final class SimulatedWire {
  /// Devices on one wire, at most.
  public static let maximumDeviceCount = 64
  /// Reports that are kept, at most.
  public static let maximumReportCount = 16

  /// Whose timers deliver.
  public let loop: EventLoop
  /// Everybody on it.
  public private(set) var devices: [SimulatedDevice] = []
  /// Where frames went.
  public internal(set) var figures = WireFigures()
  /// What devices were given that no stack may send, and what the invariants found.
  public private(set) var reports: [String] = []
  /// Keeps what is sent.
  public var capture: PcapWriter?
  /// Checks what is sent.
  public var invariants: WireInvariants?
  /// Shows every segment that is sent and what became of it; for `simulate --verbose`.
  public var trace: ((String) -> Void)?
  /// Drops that a script asks for.
  public var script: [ScriptedDrop] = []
  /// Neither cuts segments nor finishes checksums, as between two guests of one host. Every device then has to offer
  /// `receiveLarge` and `receiveChecksum`, and cables have to be clean.
  public var carriesUnfinished = false
  /// Overwrites the memory of frames that were delivered, so that who kept a pointer reads nonsense.
  public var poisons: Bool {
    get { pool.poisons }
    set { pool.poisons = newValue }
  }

  let pool = FramePool()
  private var numbers: SplitMix64
  private var flights = Heap<Flight>()
  private var flightCount: UInt64 = 0
  private var timer: Timer!

  /// A wire without devices.
  public init(loop: EventLoop, seed: UInt64) {
    self.loop = loop
    numbers = SplitMix64(seed: seed)
    timer = Timer(loop: loop) { [unowned self] in self.land() }
  }

  /// Adds a device; `hardwareAddress` is a unicast address that no other has. Traps beyond `maximumDeviceCount`.
  public func attach(hardwareAddress: UInt64, options: SimulatedDeviceOptions = .init()) -> SimulatedDevice {
    precondition(EthernetAddress(rawValue: hardwareAddress).isUnicast)
    precondition(!devices.contains { $0.hardwareAddress == hardwareAddress }, "two devices with one address")
    precondition(devices.count < Self.maximumDeviceCount, "more devices than a wire has")
    let device = SimulatedDevice(
      wire: self, index: devices.count, hardwareAddress: hardwareAddress, options: options,
      numbers: numbers.split())
    devices.append(device)
    return device
  }

  /// Numbers for a part of the wire.
  func splitNumbers() -> SplitMix64 { numbers.split() }

  /// Frames that are on their way or wait at a device.
  public var framesInUse: Int { pool.inUseCount }

  /// Lets every device that has a reason speak to its stack, once. Returns whether any had. Cost when nothing waits: a
  /// few loads per device.
  public func pump() -> Bool {
    var isBusy = false
    for device in devices where device.service() { isBusy = true }
    return isBusy
  }

  func report(_ what: String) {
    if reports.count < Self.maximumReportCount { reports.append("\(loop.now.nanoseconds) ns: \(what)") }
  }

  // MARK: From a device

  /// Takes the frame; false when a clean cable's receiver has no room.
  func carry(_ frame: FrameBuffer, from sender: SimulatedDevice) -> Bool {
    if sender.isClean && script.isEmpty && sender.lastArrival <= loop.now {
      let target = unicastTarget(frame, sender)
      if let target, !target.hasRoom { return false }
      observe(frame)
      if let target { put(frame, target) } else { flood(frame, from: sender) }
      return true
    }
    observe(frame)
    proceed(frame, from: sender, to: 0)
    return true
  }

  /// Takes a frame to the box at `index` of its sender's way; behind the last one begins the cable.
  func proceed(_ frame: FrameBuffer, from sender: SimulatedDevice, to index: Int) {
    if index < sender.stages.count {
      sender.stages[index].take(frame, at: Hop(wire: self, sender: sender, index: index))
    } else if sender.impairments.isClean && script.isEmpty {
      fly(frame, from: sender, arrivingAt: max(loop.now, sender.lastArrival), next: nil)
    } else {
      impair(frame, from: sender)
    }
  }

  /// A box on the way has no more use for the frame.
  func dropInPath(_ frame: FrameBuffer, _ why: String) {
    figures.droppedInPath += 1
    trace?("  \(why)")
    pool.recycle(frame)
  }

  private func observe(_ frame: FrameBuffer) {
    figures.sent += 1
    figures.sentBytes += frame.byteCount
    capture?.record(frame.bytes, at: loop.now)
    guard invariants != nil || trace != nil else { return }
    // The span lives within this call only; the frame is held by the caller.
    let bytes = RawSpan(_unsafeBytes: frame.bytes)
    if let trace {
      let text = SeenSegment(frame: bytes)?.description ?? "\(frame.byteCount) bytes, no TCP"
      trace("\(loop.now.nanoseconds) \(text)")
    }
    guard let invariants else { return }
    for violation in invariants.check(bytes, isUnfinished: frame.isUnfinished) { report(violation) }
  }

  // MARK: To a device

  private func unicastTarget(_ frame: FrameBuffer, _ sender: SimulatedDevice?) -> SimulatedDevice? {
    var address: UInt64 = 0
    for index in 0..<6 { address = address << 8 | UInt64(frame.memory[index]) }
    for device in devices where device.hardwareAddress == address && device !== sender { return device }
    return nil
  }

  /// To everybody else, if it is for a group; else to nobody.
  private func flood(_ frame: FrameBuffer, from sender: SimulatedDevice?) {
    if frame.memory[0] & 1 == 1 {
      for device in devices where device !== sender {
        let copy = pool.take(byteCount: frame.byteCount)
        copy.copy(frame)
        put(copy, device)
      }
    } else {
      figures.unroutable += 1
    }
    pool.recycle(frame)
  }

  private func put(_ frame: FrameBuffer, _ target: SimulatedDevice) {
    guard target.hasRoom else {
      figures.overrun += 1
      return pool.recycle(frame)
    }
    figures.delivered += 1
    if frame.isCorrupted { figures.corrupted += 1 }
    target.inbox.append(frame)
  }

  /// Sends the frame on its way: at `arrival` it comes to the box `next` of its sender's way, or to its receiver. A
  /// frame that a box made has no sender.
  func fly(_ frame: FrameBuffer, from sender: SimulatedDevice?, arrivingAt arrival: Instant, next: Int?) {
    flightCount += 1
    flights.insert(Flight(arrival: arrival, order: flightCount, frame: frame, sender: sender, next: next))
    timer.set(flights.min!.arrival)
  }

  private func land() {
    while let flight = flights.min, flight.arrival <= loop.now {
      flights.removeMin()
      if let next = flight.next, let sender = flight.sender {
        proceed(flight.frame, from: sender, to: next)
      } else if let target = unicastTarget(flight.frame, flight.sender) {
        put(flight.frame, target)
      } else {
        flood(flight.frame, from: flight.sender)
      }
    }
    if let next = flights.min { timer.set(next.arrival) }
  }
}

/// A frame on an impaired cable, or between two boxes. Ties arrive in the order they were sent.
struct Flight: Comparable {
  let arrival: Instant
  let order: UInt64
  let frame: FrameBuffer
  let sender: SimulatedDevice?
  let next: Int?

  static func < (left: Flight, right: Flight) -> Bool {
    (left.arrival, left.order) < (right.arrival, right.order)
  }

  static func == (left: Flight, right: Flight) -> Bool { left.order == right.order }
}

import Bytes
import CHypervisor
import XenRing

/// One end of an event channel of this domain. Its events end the idle wait from the start until `close`.
public final class EventPort: EventChannel {
  public let port: UInt32
  private let isOurs: Bool
  private var isOpen = true

  /// A port that `domain` may bind.
  public init(for domain: UInt16) throws(XenError) {
    let port = hypervisor_open_port(domain)
    guard port >= 0 else { throw XenError("Xen opens no event channel (error " + String(Int(-port)) + ")") }
    guard hypervisor_watch_port(UInt32(port)) else {
      hypervisor_close_port(UInt32(port))
      throw XenError("too many event channels")
    }
    self.port = UInt32(port)
    isOurs = true
  }

  /// The port that the toolstack opened for xenstored, not watched twice.
  init(opened port: UInt32) throws(XenError) {
    guard hypervisor_watch_port(port) else { throw XenError("too many event channels") }
    self.port = port
    isOurs = false
  }

  public func notify() {
    if isOpen { hypervisor_notify(port) }
  }

  public func close() {
    guard isOpen else { return }
    isOpen = false
    hypervisor_unwatch_port(port)
    if isOurs { hypervisor_close_port(port) }
  }

  /// The domain was restored: the channel exists no more, and its number may be another one's by now.
  public func forget() { isOpen = false }
}

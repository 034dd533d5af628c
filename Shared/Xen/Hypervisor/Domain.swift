import CHypervisor
import EventLoop
import XenRing
import XenStore

/// What Xen gives this domain beside its memory: xenstored, and the end.
public enum Domain {
  /// Whether this machine is one.
  public static var isPresent: Bool { hypervisor_is_present() }

  /// A client of the host's xenstored.
  public static func store(loop: EventLoop) throws(XenError) -> XenStore {
    let (page, channel) = try storePlace()
    return XenStore(page: page, channel: channel, loop: loop)
  }

  /// Lets the domain be saved. True in the restored one, where `store` goes on with the new host's daemon, and every
  /// grant and event channel is void; false where the toolstack changed its mind: nothing has changed.
  public static func suspend(_ store: XenStore) throws(XenError) -> Bool {
    guard hypervisor_suspend() else { return false }
    let (page, channel) = try storePlace()
    store.resume(page: page, channel: channel)
    return true
  }

  /// Ends this run of the domain, and asks for another one.
  public static func reboot() -> Never { hypervisor_shutdown(HYPERVISOR_REBOOT) }

  private static func storePlace() throws(XenError) -> (UnsafeMutableRawPointer, any EventChannel) {
    guard let page = UnsafeMutableRawPointer(bitPattern: UInt(hypervisor_store_page())) else {
      throw XenError("the domain has no xenstore")
    }
    return (page, try EventPort(opened: hypervisor_store_port()))
  }
}

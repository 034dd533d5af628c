/// One end of an event channel (xen/event_channel.h) that a backend binds.
public protocol EventChannel: AnyObject {
  /// What the other end binds to.
  var port: UInt32 { get }
  /// Tells the other end.
  func notify()
  /// Closes this end, for good.
  func close()
}

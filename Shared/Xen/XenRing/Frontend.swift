// xen/io/xenbus.h, netif.h and blkif.h before changing this file.

import Bytes

/// A key below a device's folder in xenstore, and its value.
public struct StoreEntry: Equatable {
  /// Its path from the frontend's folder on, such as "ring-ref".
  public let key: String
  /// Its value.
  public let value: String

  /// An entry.
  public init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }

  /// An entry whose value is a number.
  @inline(never)
  public init(_ key: String, _ number: UInt32) { self.init(key, String(number)) }
}

extension [StoreEntry] {
  /// The value of the first entry with `key`; nil when there is none.
  @inline(never)
  public func value(_ key: String) -> String? {
    for entry in self where entry.key == key { return entry.value }
    return nil
  }
}

/// What a backend says in its folder of xenstore: the value of a key, or nil.
public typealias BackendValues = (String) -> String?

/// What xenbus, the handshake over xenstore, needs of a frontend driver. The driver lives on when its backend goes away,
/// and is connected anew when one returns: `prepare`, `start`, `disconnect`, and again.
public protocol Frontend: AnyObject {
  /// The keys of the backend's folder that `prepare` and `start` ask for.
  var backendKeys: [String] { get }
  /// Whether the frontend says Initialised (3) after `prepare`, and Connected (4) only once the backend is (blkif.h);
  /// else it says Connected at once (netif.h).
  var waitsForBackend: Bool { get }
  /// Grants the rings to domain `backend`, opens event channels, and returns what is to be written into the
  /// frontend's folder. `openChannel` makes an event channel that this backend may bind.
  func prepare(
    backend: UInt16, values: BackendValues, openChannel: () throws(XenError) -> any EventChannel
  ) throws(XenError) -> [StoreEntry]
  /// The backend is connected; `values` are read anew. What waited is sent (again) from here on.
  func start(values: BackendValues) throws(XenError)
  /// The backend is gone: takes every grant back that it has let go of, and closes the channels.
  func disconnect()
  /// The same after this domain was restored: grants and channels are void, and their numbers may be others' by now.
  func forget()
}

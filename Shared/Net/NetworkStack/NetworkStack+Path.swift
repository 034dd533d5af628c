// RFC 1191, RFC 8201 and RFC 5927 §7.2 before changing this file.

import EventLoop
import TCP
import Wire

/// Path MTU discovery, of both families.
extension NetworkStack {
  /// A router says that the segment of ours at `number` was too large, and that `segmentByteCount` bytes of payload
  /// without options would pass: the MTU it names, or the least of the family, less the headers of IP and TCP.
  func receiveTooBig(_ tuple: FourTuple, quoting number: SequenceNumber, segmentByteCount: Int) {
    guard let connection = connections[tuple] else {
      tcpCounters.droppedPathClaims &+= 1
      return
    }
    let isBelieved = connection.connection.receiveTooBig(
      quoting: number, segmentByteCount: segmentByteCount, at: loop.now)
    guard isBelieved else { return }
    notePath(of: connection)
    transmitLater(connection)
  }

  /// `connection` has found that its path takes less than both its ends: others to the same host begin with that.
  func notePath(of connection: StackConnection) {
    paths.note(
      connection.tuple.remote, segmentByteCount: connection.connection.pathSegmentByteCount, at: loop.now
    )
    schedulePaths()
  }

  /// `connection` is established: it begins with what is known of its path.
  func usePath(of connection: StackConnection) {
    guard let known = paths.segmentByteCount(to: connection.tuple.remote) else { return }
    connection.connection.usePath(segmentByteCount: known)
  }

  private func schedulePaths() {
    if pathTimer == nil {
      // Cancelled before this goes.
      pathTimer = Timer(loop: loop) { [unowned(unsafe) self] in forgetPaths() }
    }
    pathTimer?.set(paths.deadline)
  }

  /// Paths that were found long ago may take more by now: their connections try. If they do not, they learn it again.
  private func forgetPaths() {
    while let destination = paths.nextExpired(at: loop.now) {
      connections.forEach { tuple, connection in
        if tuple.remote == destination { connection.connection.usePath(segmentByteCount: .max) }
      }
    }
    schedulePaths()
  }
}

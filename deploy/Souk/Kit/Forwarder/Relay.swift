import Bytes
import EventLoop
import Log
import Platform
import _Concurrency

/// One connection through a forwarder: two streams, one task for each direction.
///
/// The end of one side's bytes becomes the end of the other's; a reset of one side becomes a reset of the other.
final class Relay {
  private let client: any ByteStream
  private let forwarder: Forwarder

  init(_ client: any ByteStream, for forwarder: Forwarder) {
    self.client = client
    self.forwarder = forwarder
  }

  /// Connects, relays both directions and returns when the connection is over.
  func run() async {
    guard let service = await connect() else {
      forwarder.network.reset(client)
      forwarder.answered()
      return forwarder.ended()
    }
    forwarder.network.watchPeer(of: service)
    let requestsDone = Signal()
    forwarder.loop.spawn { [self] in
      await pump(from: client, to: service)
      requestsDone.notify()
    }
    await pump(from: service, to: client)
    forwarder.answered()
    await requestsDone.wait()
    client.close()
    service.close()
    forwarder.ended()
  }

  /// The service, waited for while it is being restarted; nil when it did not come in time.
  private func connect() async -> (any ByteStream)? {
    let deadline = forwarder.loop.now + forwarder.limits.connectPatience
    while true {
      do throws(NetworkError) {
        return try await forwarder.network.connect(to: forwarder.destination, until: deadline)
      } catch .reset {
        // It was there, and did not want this one.
        return nil
      } catch {
        guard forwarder.loop.now + forwarder.limits.retryInterval < deadline else {
          forwarder.log.warning(
            "the service does not come back; its client is reset", LogField("service", forwarder.name))
          return nil
        }
        await forwarder.loop.sleep(for: forwarder.limits.retryInterval)
      }
    }
  }

  /// Moves bytes until `source` has finished, which `sink` is then told, or until either breaks, which breaks both.
  private func pump(from source: any ByteStream, to sink: any ByteStream) async {
    var buffer = ByteBuffer()
    do throws(NetworkError) {
      while true {
        let outcome = try buffer.withFreeRoom(atLeast: forwarder.limits.bufferedByteCount) {
          (room) throws(NetworkError) in
          try source.receive(into: &room)
        }
        switch outcome {
        case .bytes:
          while !buffer.isEmpty {
            let count = try sink.send(buffer.bytes)
            buffer.consume(count)
            if count == 0 { try await sink.waitWritable(until: .never) }
          }
        case .nothingYet:
          buffer.release()
          try await source.waitReadable(until: .never)
        case .end:
          return sink.finish()
        }
      }
    } catch {
      forwarder.network.reset(source)
      forwarder.network.reset(sink)
    }
  }
}

// RFC 8305 before changing this file.

import EventLoop
import Platform
import Wire
import _Concurrency

extension NetworkStack {
  /// Connects to `port` of whoever `name` stands for: a host's name, or an address as text. Addresses of both families
  /// are tried, IPv6 first, one more every 250 ms or when one fails; who answers first is it. Throws `unreachable` when
  /// the name has no address, else what the last attempt failed with; `timedOut` at `deadline`.
  public func connect(
    to name: String, port: UInt16, until deadline: Instant
  ) async throws(NetworkError) -> any ByteStream {
    // One for the answers and for all attempts, as one task waits for all of them.
    let signal = WaitPoint(loop: loop)
    let types = addressTypes
    var questions = types.map { (type: $0, lookup: lookUp(name, $0, signal)) }
    var eyeballs = HappyEyeballs(asksIPv6: types.contains(.aaaa), asksIPv4: types.contains(.a))
    var attempts: [StackStream] = []
    var failure = NetworkError.unreachable
    defer {
      for question in questions { question.lookup.cancel() }
      for attempt in attempts { attempt.abort() }
    }
    while true {
      questions.removeAll { question in
        guard let outcome = question.lookup.outcome else { return false }
        var addresses: [IPAddress] = []
        switch outcome {
        case .success(let answer): addresses = answer.addresses
        case .failure(.timedOut): failure = .timedOut
        case .failure(.exhausted): failure = .exhausted
        case .failure: break
        }
        eyeballs.found(addresses, isIPv6: question.type == .aaaa, at: loop.now)
        return true
      }
      for index in attempts.indices.reversed() {
        if attempts[index].isConnected {
          let winner = attempts.remove(at: index)
          winner.signals(WaitPoint(loop: loop))
          return winner
        }
        guard let error = attempts[index].failure else { continue }
        failure = error
        attempts.remove(at: index).abort()
        eyeballs.attemptFailed()
      }
      switch eyeballs.next(at: loop.now) {
      case .fail: throw failure
      case .attempt(let address):
        do throws(NetworkError) {
          let attempt = try open(to: Endpoint(address, port: port))
          attempt.signals(signal)
          attempts.append(attempt)
        } catch {
          failure = error
          eyeballs.attemptFailed()
        }
      case .wait(let until):
        do throws(NetworkError) { try await signal.wait(until: min(until, deadline)) } catch {
          if loop.now >= deadline { throw .timedOut }
        }
      }
    }
  }
}

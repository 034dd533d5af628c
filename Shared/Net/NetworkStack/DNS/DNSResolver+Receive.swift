// RFC 5452 §9.1, RFC 1035 §7.3 and RFC 2308 §2 before changing this file.

import Platform
import Wire

extension DNSResolver {
  /// Takes a UDP payload that came to `port` from `sourcePort` of `source`. What is not the answer to the query at
  /// that port is counted in `refusals`, and dropped.
  public mutating func receive(
    _ payload: RawSpan, from source: IPv6Address, sourcePort: UInt16, to port: UInt16, at now: Instant
  ) -> [DNSAction] {
    guard let index = index(ofPort: port) else {
      refusals.count(.unasked)
      return []
    }
    guard source == queries[index].server else {
      refusals.count(.otherServer)
      return []
    }
    guard sourcePort == Self.serverPort else {
      refusals.count(.otherPort)
      return []
    }
    let answer: DNSReply
    do throws(DNSRefusal) { answer = try reply(payload, to: queries[index]) } catch {
      refusals.count(error)
      // Somebody guesses: what was guessed so far must not help (RFC 5452 §9.2).
      return queries[index].countForgery() ? askNext(index, at: now) : []
    }
    return take(answer, of: index, at: now)
  }

  /// What a datagram says, when it is the answer to `query`'s datagram.
  private func reply(_ payload: RawSpan, to query: DNSQuery) throws(DNSRefusal) -> DNSReply {
    guard payload.byteCount <= DNSMessage.maximumUDPByteCount else { throw .oversized }
    let message: DNSMessage
    do throws(WireError) { message = try DNSMessage(validating: payload) } catch { throw .malformed }
    guard message.isResponse, message.operation == 0 else { throw .notAResponse }
    guard message.id == query.transaction else { throw .otherTransaction }
    guard message.questionCount == 1, query.isRepeated(in: payload) else { throw .otherQuestion }
    return DNSReply(
      message, to: query.question, aliasesLeft: Self.maximumAliasCount - query.aliasCount)
  }

  private mutating func take(_ reply: DNSReply, of index: Int, at now: Instant) -> [DNSAction] {
    if case .unusable(let reason) = reply { return passOver(index, reason, at: now) }
    prefer(queries[index].server)
    switch reply {
    case .addresses(let addresses, let seconds):
      return finish(index, addresses, until: expiry(seconds, of: index, at: now), at: now)
    case .alias(let name, let count, let seconds):
      return follow(index, name, count, until: expiry(seconds, of: index, at: now), at: now)
    case .nothing(let failure, let seconds):
      let bounded = min(seconds, DNSCache.maximumNegativeSeconds)
      return finish(index, .failure(failure), until: expiry(bounded, of: index, at: now), at: now)
    case .tooManyAliases:
      return finish(
        index, .failure(.tooManyAliases), until: expiry(DNSCache.failureSeconds, of: index, at: now), at: now)
    case .unusable: return []
    }
  }

  private mutating func passOver(_ index: Int, _ reason: DNSRefusal, at now: Instant) -> [DNSAction] {
    refusals.count(reason)
    queries[index].passOver(reason)
    return askNext(index, at: now)
  }

  /// When something that lives for `seconds` expires, as the end of a query's aliases.
  private func expiry(_ seconds: UInt32, of index: Int, at now: Instant) -> Instant {
    min(now + .seconds(Int64(min(seconds, DNSCache.maximumSeconds))), queries[index].expiry)
  }

  private mutating func finish(
    _ index: Int, _ addresses: [IPAddress], until expiry: Instant, at now: Instant
  ) -> [DNSAction] {
    finish(index, .success(DNSAnswer(addresses: addresses, expiry: expiry)), until: expiry, at: now)
  }

  /// The response ended with an alias: what it stands for is known, or is asked.
  private mutating func follow(
    _ index: Int, _ name: String, _ count: Int, until expiry: Instant, at now: Instant
  ) -> [DNSAction] {
    guard let alias = DNSHostName(name, queries[index].question.type) else {
      return passOver(index, .badAlias, at: now)
    }
    if let outcome = alias.knownOutcome {
      switch outcome {
      case .success(let addresses): return finish(index, addresses, until: expiry, at: now)
      case .failure(let failure): return finish(index, .failure(failure), until: expiry, at: now)
      }
    }
    if let outcome = cache.find(alias, at: now) {
      switch outcome {
      case .success(let answer):
        return finish(index, answer.addresses, until: min(expiry, answer.expiry), at: now)
      // How long it still holds is the cache's affair: the next look-up comes back to it.
      case .failure(let failure): return finish(index, .failure(failure), until: now, at: now)
      }
    }
    queries[index].follow(alias, count: count, until: expiry)
    return askNext(index, at: now)
  }
}

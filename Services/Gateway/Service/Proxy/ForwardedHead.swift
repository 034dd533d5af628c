// RFC 9110 §7.6 and RFC 9112 §3.2 before changing this file.

import Bytes
import HTTPCore
import Platform

/// What the gateway says about a request that it passes on.
struct ForwardedContext {
  /// The client.
  var peer: Endpoint
  /// The service's name, as `host`.
  var host: StaticString
  /// Ours or the client's, checked.
  var requestID: String
  /// The client's, checked; nil: one is made out of `trace`.
  var traceparent: String?
  /// Random bits for a trace of our own.
  var trace: TraceIdentity
}

/// A trace id and a span id, made here for a client that has none. Unique, not secret.
struct TraceIdentity {
  var high: UInt64
  var low: UInt64
  var span: UInt64
}

/// Rewrites heads from one hop to the next: bytes in, bytes out, no string per field.
enum ForwardedHead {
  /// Appends a request's head for a service. `bytes` are the head as it came; `head`'s ranges count from its
  /// start.
  static func appendRequest(
    _ head: RequestHead, _ bytes: RawSpan, _ context: ForwardedContext, to output: inout ByteBuffer
  ) {
    output.append(bytes.extracting(head.methodName))
    output.append(" ")
    appendTarget(head, bytes, to: &output)
    output.append(" HTTP/1.1\r\nhost: ")
    output.append(context.host)
    output.append("\r\n")
    appendFields(head.fields, bytes, ofRequest: true, isChosen: head.has(.connection), to: &output)
    switch head.framing {
    case .none, .untilClose: break
    case .length(let length): appendLength(length, to: &output)
    case .chunked: output.append("transfer-encoding: chunked\r\n")
    }
    output.append("x-request-id: ")
    output.append(utf8: context.requestID)
    output.append("\r\ntraceparent: ")
    if let traceparent = context.traceparent {
      output.append(utf8: traceparent)
    } else {
      append(context.trace, to: &output)
    }
    output.append("\r\nx-forwarded-for: ")
    append(context.peer.address, to: &output)
    output.append("\r\nx-forwarded-proto: http\r\n")
    if !head.host.isEmpty {
      output.append("x-forwarded-host: ")
      output.append(bytes.extracting(head.host))
      output.append("\r\n")
    }
    output.append("via: 1.1 souk\r\n\r\n")
  }

  /// Appends the head of a service's answer for the client. `framing` is how we send the content;
  /// `contentLength` stands in answers to HEAD and in 304, whose content is not sent.
  static func appendResponse(
    _ head: ResponseHead, _ bytes: RawSpan, requestID: String, framing: Framing, contentLength: UInt64?,
    keepsConnection: Bool, isHTTP10: Bool, to output: inout ByteBuffer
  ) {
    ResponseWriter.statusLine(head.status, into: &output)
    appendFields(head.fields, bytes, ofRequest: false, isChosen: head.has(.connection), to: &output)
    output.append("x-request-id: ")
    output.append(utf8: requestID)
    output.append("\r\n")
    switch framing {
    case .length(let length): appendLength(length, to: &output)
    case .chunked: output.append("transfer-encoding: chunked\r\n")
    case .none, .untilClose: if let contentLength { appendLength(contentLength, to: &output) }
    }
    if !keepsConnection {
      output.append("connection: close\r\n")
    } else if isHTTP10 {
      output.append("connection: keep-alive\r\n")
    }
    output.append("\r\n")
  }

  /// Appends the fields that go on to the next hop. `isChosen`: a Connection field may say what does not.
  @inline(never)
  private static func appendFields(
    _ fields: [FieldRange], _ bytes: RawSpan, ofRequest isRequest: Bool, isChosen: Bool,
    to output: inout ByteBuffer
  ) {
    for line in fields {
      if let known = line.known {
        guard isRequest ? ForwardedFields.passesUpstream(known) : ForwardedFields.passesDownstream(known)
        else { continue }
      } else {
        guard ForwardedFields.passes(unknown: bytes.extracting(line.name)) else { continue }
      }
      if isChosen && ForwardedFields.isNominated(line.name, by: fields, in: bytes) { continue }
      ResponseWriter.copy(bytes.extracting(line.name), bytes.extracting(line.value), into: &output)
    }
  }

  private static func appendLength(_ length: UInt64, to output: inout ByteBuffer) {
    output.append("content-length: ")
    output.append(decimal: Int(clamping: length))
    output.append("\r\n")
  }

  /// In origin form, whatever form it came in (RFC 9112 §3.2.1).
  private static func appendTarget(_ head: RequestHead, _ bytes: RawSpan, to output: inout ByteBuffer) {
    guard head.isAbsoluteForm else {
      output.append(bytes.extracting(head.target))
      return
    }
    if head.path.isEmpty { output.append("/") } else { output.append(bytes.extracting(head.path)) }
    if let query = head.query {
      output.append("?")
      output.append(bytes.extracting(query))
    }
  }

  private static func append(_ address: IPAddress, to output: inout ByteBuffer) {
    switch address {
    case .v4(let bits):
      for index in 0..<4 {
        if index > 0 { output.append(".") }
        output.append(decimal: Int(bits >> UInt32(24 - index * 8) & 255))
      }
    case .v6(let high, let low):
      for index in 0..<8 {
        if index > 0 { output.append(":") }
        let half = index < 4 ? high : low
        appendHexadecimal(half >> UInt64(48 - index % 4 * 16) & 0xffff, digits: 4, to: &output)
      }
    }
  }

  /// W3C Trace Context §3.2.
  private static func append(_ trace: TraceIdentity, to output: inout ByteBuffer) {
    output.append("00-")
    appendHexadecimal(trace.high, digits: 16, to: &output)
    // An id of zeros means none.
    appendHexadecimal(trace.low | 1, digits: 16, to: &output)
    output.append("-")
    appendHexadecimal(trace.span | 1, digits: 16, to: &output)
    output.append("-00")
  }

  private static func appendHexadecimal(_ number: UInt64, digits: Int, to output: inout ByteBuffer) {
    for index in (0..<digits).reversed() {
      let digit = UInt8(truncatingIfNeeded: number >> UInt64(index * 4) & 15)
      output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}

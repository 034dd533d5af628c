// RFC 9457 before changing this file.

import Bytes
import JSON

/// A problem document: what went wrong, and what the client can do about it.
public struct Problem: Error, Sendable {
  /// The kind.
  public var type: ProblemType
  /// The answer's status; the type's usual one unless said otherwise.
  public var statusCode: UInt16
  /// This occurrence, and what to do. Never holds an id, a token or anything a buyer typed.
  public var detail: String
  /// What is wrong with which field (422).
  public var errors: [FieldError]
  /// Extension members: a name and a whole JSON value.
  public private(set) var members: [(name: String, value: [UInt8])] = []
  /// `Retry-After` in seconds. 503 and 504 always carry one.
  public var retryAfterSeconds: Int?
  /// `Allow` (405).
  public var allow: String?

  /// What 503 and 504 say when nobody knows better.
  public static let usualRetryAfterSeconds = 2

  /// A problem of `type`; `detail` says what to do.
  public init(_ type: ProblemType, _ detail: String, errors: [FieldError] = []) {
    self.type = type
    self.detail = detail
    self.errors = errors
    statusCode = type.statusCode
    if statusCode == 503 || statusCode == 504 { retryAfterSeconds = Self.usualRetryAfterSeconds }
  }

  /// The problem with an extension member, such as the shortages of an order; `body` writes its value.
  public func with(_ name: String, _ body: (inout JSONWriter) -> Void) -> Problem {
    var writer = JSONWriter()
    body(&writer)
    var problem = self
    problem.members.append((name, writer.bytes))
    return problem
  }

  /// Writes the document as a value. Import results, too, hold problems.
  public func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("type", type.path)
      writer.field("title", type.title.description)
      writer.field("status", Int(statusCode))
      writer.field("detail", detail)
      if !errors.isEmpty {
        writer.key("errors")
        writer.array { writer in
          for error in errors {
            writer.object { writer in
              writer.field("pointer", error.pointer)
              writer.field("detail", error.detail)
            }
          }
        }
      }
      for member in members {
        writer.key(member.name)
        writer.raw(member.value)
      }
    }
  }

  /// The document.
  public var document: [UInt8] {
    var writer = JSONWriter(capacity: 256)
    write(to: &writer)
    return writer.bytes
  }

  // MARK: The usual ones

  /// 404; what there is not: `cart`, `product`.
  public static func notFound(_ thing: StaticString) -> Problem {
    Problem(.notFound, "There is no such " + thing.description + ". It may have expired or been removed.")
  }

  /// 422 for one field.
  public static func invalid(_ pointer: String, _ detail: String) -> Problem {
    invalid([FieldError(pointer: pointer, detail: detail)])
  }

  /// 422 for several.
  public static func invalid(_ errors: [FieldError]) -> Problem {
    Problem(.invalid, "Correct the fields named in errors and send the request again.", errors: errors)
  }

  /// 412.
  public static let preconditionFailed = Problem(
    .preconditionFailed, "It was changed in the meantime. Read it again and repeat with the new ETag.")

  /// 428.
  public static let preconditionRequired = Problem(
    .preconditionRequired, "Send If-Match with the ETag you last read.")

  /// The detail when a change was asked for, and no usable answer came.
  public static var doubt: String {
    "It is not known whether it was done. Look before you try again; for an order, send the same Idempotency-Key."
  }

  /// 503 for a change that may have been made.
  public static var inDoubt: Problem { Problem(.unavailable, doubt) }

  /// 503 for a service that gives no usable answer, and has changed nothing.
  public static let unavailable = Problem(
    .unavailable, "A part of the shop does not answer right now. Nothing was changed; try again shortly.")

  /// 504 for a service that is late.
  public static let timeout = Problem(
    .timeout, "A part of the shop took too long to answer. Try again shortly.")

  /// 500.
  public static let `internal` = Problem(
    .internal, "The shop failed. The request id in x-request-id helps its owner to find out why.")
}

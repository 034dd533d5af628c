import JSON
import Shop

/// One method of a path. The problems that any such request can meet are derived: 400, 503 and 504 always,
/// 404 of what the path names, 401 without the admin token, 413, 415 and 422 of a body, 412 and 428 of
/// `If-Match`.
struct Operation {
  /// In small letters.
  let method: String
  let id: String
  let summary: String
  /// Names of shared parameters.
  var parameters: [String] = []
  var needsAdmin = false
  var body = Content.none
  let answers: [Answer]
  /// Statuses of problems that do not follow from the rest.
  var problems: [UInt16] = []
  /// The types of 409.
  var conflicts: [ProblemType] = []

  /// What a message holds.
  enum Content {
    case none
    /// Nothing, or a JSON object whose members are ignored.
    case anyObject
    /// JSON of a named schema.
    case json(String)
    case picture
  }

  /// An answer that is no problem.
  struct Answer {
    let status: UInt16
    let description: String
    var content = Content.none
    /// Names of shared headers.
    var headers: [String] = []

    static func ok(_ schema: String, _ description: String, _ headers: [String] = []) -> Answer {
      Answer(status: 200, description: description, content: .json(schema), headers: headers)
    }

    static func created(_ schema: String, _ headers: [String]) -> Answer {
      Answer(
        status: 201, description: "Created; Location names it.", content: .json(schema), headers: headers)
    }

    static func notModified(_ headers: [String] = ["ETag"]) -> Answer {
      Answer(status: 304, description: "You have it already.", headers: headers)
    }
    static let done = Answer(status: 204, description: "Done.")
  }

  /// Writes the operation object. `hasSubject`: its path names a thing.
  func write(to writer: inout JSONWriter, area: String, hasSubject: Bool) {
    writer.object { operation in
      operation.field("operationId", id)
      operation.field("summary", summary)
      operation.field("tags", array: { $0.value(area) })
      if needsAdmin {
        operation.field(
          "security", array: { list in list.object { $0.field("admin", array: { _ in }) } })
      }
      if !parameters.isEmpty {
        operation.field(
          "parameters", array: { list in for name in parameters { list.reference("parameters", name) } })
      }
      if hasBody {
        operation.field(
          "requestBody",
          object: { request in
            if case .anyObject = body {} else { request.field("required", true) }
            body.write(to: &request)
          })
      }
      operation.field(
        "responses",
        object: { responses in
          for answer in answers { answer.write(to: &responses) }
          if !conflicts.isEmpty { Problems.writeConflict(conflicts, to: &responses) }
          for status in statuses(hasSubject) {
            responses.key(String(status))
            responses.reference("responses", String(status))
          }
          responses.key("default")
          responses.reference("responses", "default")
        })
    }
  }

  private var hasBody: Bool {
    if case .none = body { return false }
    return true
  }

  private func statuses(_ hasSubject: Bool) -> [UInt16] {
    var statuses: [UInt16] = [400, 503, 504]
    if needsAdmin { statuses.append(401) }
    if hasSubject { statuses.append(404) }
    if hasBody { statuses += [413, 415, 422] }
    if parameters.contains("ifMatch") { statuses.append(412) }
    if parameters.contains("ifMatchNeeded") { statuses += [412, 428] }
    return statuses + problems
  }
}

extension Operation.Answer {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.field(
      String(status),
      object: { answer in
        answer.field("description", description)
        if !headers.isEmpty {
          answer.field(
            "headers",
            object: { list in
              for name in headers {
                list.key(name)
                list.reference("headers", name)
              }
            })
        }
        content.write(to: &answer)
      })
  }
}

extension Operation.Content {
  fileprivate func write(to writer: inout JSONWriter) {
    switch self {
    case .none: break
    case .anyObject:
      writer.content("application/json") { $0.object { $0.field("type", "object") } }
    case .json(let schema):
      writer.content("application/json") { $0.reference("schemas", schema) }
    case .picture:
      writer.field(
        "content",
        object: { content in
          for type in ["image/svg+xml", "image/png", "image/jpeg", "image/webp"] {
            content.field(type, object: { _ in })
          }
        })
    }
  }
}

extension JSONWriter {
  /// Writes the member `content`; `schema` writes the schema of its one media type.
  mutating func content(_ mediaType: String, _ schema: (inout JSONWriter) -> Void) {
    field(
      "content",
      object: { content in
        content.field(
          mediaType,
          object: { media in
            media.key("schema")
            schema(&media)
          })
      })
  }
}

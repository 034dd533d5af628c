import Bytes
import JSON
import Shop

/// The problem documents, made from the list that the services answer with.
enum Problems {
  /// Statuses that operations name; all others are `default`.
  private static let statuses: [UInt16] = [400, 401, 402, 404, 412, 413, 415, 416, 422, 428, 503, 504]

  /// The shared responses, one for each status.
  static func writeResponses(to writer: inout JSONWriter) {
    for status in statuses {
      let types = ProblemType.allCases.filter { $0.statusCode == status }
      var headers: [String] = []
      if status == 401 { headers = ["WWW-Authenticate"] }
      if status == 402 { headers = ["idempotency-replayed"] }
      if status == 416 { headers = ["Content-Range"] }
      if status == 503 || status == 504 { headers = ["Retry-After"] }
      write(String(status), types, headers, to: &writer)
    }
    writer.field(
      "default",
      object: { response in
        response.field("description", "Any other problem, such as a head that is too large, or a failure.")
        response.content("application/problem+json") { $0.reference("schemas", "Problem") }
      })
  }

  /// The 409 of an operation.
  static func writeConflict(_ types: [ProblemType], to writer: inout JSONWriter) {
    let isPassing = types.contains(.keyInFlight) || types.contains(.wrongState)
    write("409", types, isPassing ? ["Retry-After"] : [], to: &writer)
  }

  /// Every type there is.
  static func writeTypes(to writer: inout JSONWriter) {
    writer.enumeration(
      "ProblemType", "What went wrong. Stable; new ones may come.", ProblemType.allCases.map { $0.path })
  }

  private static func write(
    _ name: String, _ types: [ProblemType], _ headers: [String], to writer: inout JSONWriter
  ) {
    writer.field(
      name,
      object: { response in
        response.field(
          "description", types.map { $0.title.description }.joined(separator: ", or: "))
        if !headers.isEmpty {
          response.field(
            "headers",
            object: { list in
              for header in headers {
                list.key(header)
                list.reference("headers", header)
              }
            })
        }
        response.content("application/problem+json") { schema in
          schema.object { schema in
            schema.field("$ref", "#/components/schemas/Problem")
            schema.field(
              "properties",
              object: { properties in
                properties.field(
                  "type",
                  object: { type in
                    type.field("enum", array: { list in for type in types { list.value(type.path) } })
                  })
              })
          }
        }
      })
  }
}

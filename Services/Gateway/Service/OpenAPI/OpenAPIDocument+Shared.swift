// What the three services have in common.
extension OpenAPIDocument {
  static let parameters: [Part] = [
    Part(
      "id",
      #"""
      {"name": "id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Id"}}
      """#),
    Part(
      "lineProductId",
      #"""
      {"name": "productId", "in": "path", "required": true,
       "description": "The product's id. Removing what was never there is fine.",
       "schema": {"type": "string", "minLength": 1,
        "pattern": "^[^\\u0000-\\u001f/\\\\\\u007f]*\#
      [^\\u0000-\\u001f./\\\\\\u007f][^\\u0000-\\u001f/\\\\\\u007f]*$"}}
      """#),
    Part(
      "q",
      #"""
      {"name": "q", "in": "query", "description": "Full text: all words, the last one as a prefix.",
       "schema": {"type": "string", "maxLength": 200, "pattern": "^[^\\u0000]*$"}}
      """#),
    Part(
      "tag",
      #"""
      {"name": "tag", "in": "query", "description": "All must match; at most 20 different ones.",
       "schema": {"type": "array", "maxItems": 20, "items": {"type": "string", "pattern": "^[^\\u0000]*$"}}}
      """#),
    Part(
      "sort",
      #"""
      {"name": "sort", "in": "query", "description": "By default name; with q relevance. Ties by id.",
       "schema": {"enum": ["name", "price", "-price", "newest"]}}
      """#),
    Part(
      "limit",
      #"""
      {"name": "limit", "in": "query",
       "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 24}}
      """#),
    Part(
      "cursor",
      #"""
      {"name": "cursor", "in": "query",
       "description": "What next of the page before says. One of another list, or a made-up one, is 400.",
       "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}}
      """#),
    Part(
      "ids",
      #"""
      {"name": "ids", "in": "query", "required": true, "style": "form", "explode": false,
       "description": "At most 100 different ids; what is no id of a product is missing.",
       "schema": {"type": "array", "maxItems": 100,
        "items": {"type": "string", "pattern": "^[^\\u0000,]*$"}}}
      """#),
    Part(
      "country",
      #"""
      {"name": "country", "in": "query", "schema": {"$ref": "#/components/schemas/Country"}}
      """#),
    Part(
      "state",
      #"""
      {"name": "state", "in": "query", "schema": {"$ref": "#/components/schemas/OrderState"}}
      """#),
    Part(
      "ifMatch",
      #"""
      {"name": "If-Match", "in": "header", "description": "Any ETag of the version you mean to change.",
       "schema": {"type": "string", "pattern": "^(\\*|(W/)?\"[!#-~]*\"( *, *(W/)?\"[!#-~]*\")*)$"}}
      """#),
    Part(
      "ifMatchNeeded",
      #"""
      {"name": "If-Match", "in": "header", "required": true,
       "description": "Any ETag of the version you mean to change.",
       "schema": {"type": "string", "pattern": "^(\\*|(W/)?\"[!#-~]*\"( *, *(W/)?\"[!#-~]*\")*)$"}}
      """#),
    Part(
      "ifNoneMatch",
      #"""
      {"name": "If-None-Match", "in": "header", "description": "The ETag of what you have.",
       "schema": {"type": "string"}}
      """#),
    Part(
      "range",
      #"""
      {"name": "Range", "in": "header",
       "description": "One range of bytes; several are answered with the whole.",
       "schema": {"type": "string"}}
      """#),
    Part(
      "idempotencyKey",
      #"""
      {"name": "Idempotency-Key", "in": "header", "required": true,
       "description": "New for each order, the same for each try; kept for 30 days. Without one: 400.",
       "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"}}
      """#),
  ]

  static let headers: [Part] = [
    Part("ETag", #"{"description": "For If-Match and If-None-Match.", "schema": {"type": "string"}}"#),
    Part(
      "Location",
      #"{"description": "The path of what is new.", "schema": {"type": "string", "pattern": "^/api/v1/"}}"#),
    Part("Link", #"{"description": "The next page, rel=next.", "schema": {"type": "string"}}"#),
    Part("Retry-After", #"{"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}"#),
    Part("WWW-Authenticate", #"{"schema": {"const": "Bearer"}}"#),
    Part("Accept-Ranges", #"{"schema": {"const": "bytes"}}"#),
    Part("Content-Range", #"{"schema": {"type": "string", "pattern": "^bytes "}}"#),
    Part("Cache-Control", #"{"schema": {"type": "string"}}"#),
    Part("X-Content-Type-Options", #"{"schema": {"const": "nosniff"}}"#),
    Part("Content-Security-Policy", #"{"schema": {"type": "string", "pattern": "^sandbox"}}"#),
    Part(
      "idempotency-replayed",
      #"{"description": "The recorded answer, given again.", "schema": {"const": "true"}}"#),
  ]

  static let sharedSchemas: [Part] = [
    Part("Id", #"{"type": "string", "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$"}"#),
    Part("Time", #"{"type": "string", "format": "date-time"}"#),
    Part(
      "Line",
      #"""
      {"type": "string", "description": "A line of text: no control characters, not blank.",
       "minLength": 1, "maxLength": 200,
       "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*\#
      [^\\u0000- \\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"}
      """#),
    Part(
      "OptionalLine",
      #"""
      {"type": ["string", "null"], "maxLength": 200, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"}
      """#),
    Part(
      "Money",
      #"""
      {"type": "object", "required": ["amount", "currency"], "properties": {
        "amount": {"type": "integer", "minimum": 0, "description": "Minor units."},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."}}}
      """#),
    Part(
      "Problem",
      #"""
      {"type": "object", "required": ["type", "title", "status", "detail"], "properties": {
        "type": {"$ref": "#/components/schemas/ProblemType"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What to do."},
        "errors": {"type": "array", "description": "With invalid: what is wrong where.",
         "items": {"type": "object", "required": ["pointer", "detail"], "properties": {
          "pointer": {"type": "string",
           "description": "A JSON pointer into the body; ?NAME for a parameter; empty for the whole body."},
          "detail": {"type": "string"}}}},
        "resource": {"enum": ["cart", "product"], "description": "With not-found of a cart: which one."},
        "shortages": {"type": "array", "description": "With shortage.",
         "items": {"$ref": "#/components/schemas/Shortage"}},
        "quote": {"$ref": "#/components/schemas/Quote", "description": "With price-changed: today's."}}}
      """#),
  ]
}

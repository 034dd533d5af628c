// The catalog's part: Services/Catalog/Service, its routes, readers and writers.
extension OpenAPIDocument {
  static let catalog = Area(name: "Catalog", paths: catalogPaths, schemas: catalogSchemas)

  private static let catalogPaths: [(template: String, operations: [Operation])] = [
    (
      "/products",
      [
        Operation(
          method: "get", id: "listProducts", summary: "Search and browse, in pages.",
          parameters: ["q", "tag", "sort", "limit", "cursor"],
          answers: [.ok("ProductPage", "A page.", ["Link"])], problems: [422]),
        Operation(
          method: "post", id: "createProduct", summary: "Put a product on sale.", needsAdmin: true,
          body: .json("NewProduct"), answers: [.created("Product", ["Location", "ETag"])],
          conflicts: [.skuTaken]),
      ]
    ),
    (
      "/products:batch",
      [
        Operation(
          method: "get", id: "getProducts", summary: "Several products at once.", parameters: ["ids"],
          answers: [.ok("ProductBatch", "Those there are, and the ids of the others.")], problems: [422])
      ]
    ),
    (
      "/products:import",
      [
        Operation(
          method: "post", id: "importProducts", summary: "Create or update up to 200 products by key.",
          needsAdmin: true, body: .json("ProductImport"),
          answers: [.ok("ImportResults", "What became of each item; the wrong ones changed nothing.")])
      ]
    ),
    (
      "/products/{id}",
      [
        Operation(
          method: "get", id: "getProduct", summary: "One product.", parameters: ["id", "ifNoneMatch"],
          answers: [.ok("Product", "The product.", ["ETag"]), .notModified()]),
        Operation(
          method: "put", id: "replaceProduct", summary: "Change what is said about a product.",
          parameters: ["id", "ifMatchNeeded"], needsAdmin: true, body: .json("ProductInput"),
          answers: [.ok("Product", "As it is now.", ["ETag"])], conflicts: [.skuTaken]),
        Operation(
          method: "delete", id: "deleteProduct", summary: "Take a product off sale.",
          parameters: ["id", "ifMatchNeeded"], needsAdmin: true, answers: [.done]),
      ]
    ),
    (
      "/products/{id}/stock",
      [
        Operation(
          method: "put", id: "changeStock", summary: "Count a product's pieces anew.",
          parameters: ["id"], needsAdmin: true, body: .json("StockChange"),
          answers: [.ok("Product", "As it is now.", ["ETag"])], conflicts: [.stockHeld])
      ]
    ),
    (
      "/products/{id}/image",
      [
        Operation(
          method: "get", id: "getImage",
          summary: "A product's picture; one drawn from its name if it has none.",
          parameters: ["id", "ifNoneMatch", "range"],
          answers: [
            .init(
              status: 200, description: "The picture.", content: .picture,
              headers: pictureHeaders),
            .init(
              status: 206, description: "The bytes that Range asks for.", content: .picture,
              headers: pictureHeaders + ["Content-Range"]),
            .notModified(pictureHeaders),
          ], problems: [416]),
        Operation(
          method: "put", id: "setImage", summary: "Give a product a picture of at most 2 MiB.",
          parameters: ["id"], needsAdmin: true, body: .picture, answers: [.done]),
      ]
    ),
    (
      "/tags",
      [
        Operation(
          method: "get", id: "listTags", summary: "The tags most used.",
          answers: [.ok("TagList", "At most 1000.")])
      ]
    ),
  ]

  private static let pictureHeaders = [
    "ETag", "Cache-Control", "Accept-Ranges", "X-Content-Type-Options", "Content-Security-Policy",
  ]

  private static let catalogSchemas: [Part] = [
    Part(
      "Product",
      #"""
      {"type": "object",
       "required": ["id", "sku", "name", "description", "tags", "price", "available", "image", "updatedAt",
        "version"],
       "properties": {
        "id": {"$ref": "#/components/schemas/Id"},
        "sku": {"type": "string"},
        "name": {"type": "string"},
        "description": {"type": "string", "description": "Plain text."},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
        "price": {"$ref": "#/components/schemas/Money"},
        "available": {"type": "integer", "minimum": 0, "description": "Pieces that can be ordered now."},
        "image": {"type": "string", "description": "The path of its picture."},
        "updatedAt": {"$ref": "#/components/schemas/Time"},
        "version": {"type": "integer", "minimum": 1, "description": "Counts edits."}}}
      """#),
    Part(
      "ProductPage",
      #"""
      {"type": "object", "required": ["items", "next", "total"], "properties": {
        "items": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/Product"}},
        "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
        "total": {"type": "integer", "minimum": 0, "description": "In all pages together."}}}
      """#),
    Part(
      "ProductBatch",
      #"""
      {"type": "object", "required": ["items", "missing"], "properties": {
        "items": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/Product"}},
        "missing": {"type": "array", "maxItems": 100, "items": {"type": "string"}}}}
      """#),
    Part(
      "TagList",
      #"""
      {"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "maxItems": 1000, "items": {
          "type": "object", "required": ["tag", "count"], "properties": {
            "tag": {"type": "string"}, "count": {"type": "integer", "minimum": 1}}}}}}
      """#),
    Part(
      "Price",
      #"""
      {"type": "object", "required": ["amount", "currency"], "properties": {
        "amount": {"type": "integer", "minimum": 0, "maximum": 10000000000},
        "currency": {"$ref": "#/components/schemas/Currency"}}}
      """#),
    Part("Pieces", #"{"type": ["integer", "null"], "minimum": 0, "maximum": 1000000000}"#),
    Part(
      "ProductInput",
      #"""
      {"type": "object", "required": ["sku", "name", "price"], "properties": {
        "sku": {"$ref": "#/components/schemas/Line"},
        "name": {"$ref": "#/components/schemas/Line"},
        "price": {"$ref": "#/components/schemas/Price"},
        "description": {"$ref": "#/components/schemas/Description"},
        "tags": {"$ref": "#/components/schemas/Tags"}}}
      """#),
    Part(
      "NewProduct",
      #"""
      {"type": "object", "required": ["sku", "name", "price"], "properties": {
        "sku": {"$ref": "#/components/schemas/Line"},
        "name": {"$ref": "#/components/schemas/Line"},
        "price": {"$ref": "#/components/schemas/Price"},
        "description": {"$ref": "#/components/schemas/Description"},
        "tags": {"$ref": "#/components/schemas/Tags"},
        "onHand": {"$ref": "#/components/schemas/Pieces"}}}
      """#),
    Part(
      "Description",
      #"""
      {"type": ["string", "null"], "maxLength": 10000, "description": "Plain text, in lines.",
       "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$"}
      """#),
    Part(
      "Tags",
      #"""
      {"type": ["array", "null"], "maxItems": 20, "description": "One given twice is one.",
       "items": {"type": "string", "minLength": 1, "maxLength": 50,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*\#
      [^\\u0000- \\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"}}
      """#),
    Part(
      "StockChange",
      #"""
      {"oneOf": [
        {"type": "object", "required": ["onHand"], "properties": {
          "onHand": {"type": "integer", "minimum": 0, "maximum": 1000000000},
          "adjust": {"type": "null"}}},
        {"type": "object", "required": ["adjust"], "properties": {
          "adjust": {"type": "integer", "minimum": -1000000000, "maximum": 1000000000,
           "description": "More or fewer; must not lead to more than 1000000000."},
          "onHand": {"type": "null"}}}]}
      """#),
    Part(
      "ProductImport",
      #"""
      {"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "maxItems": 200, "items": {"anyOf": [
          {"$ref": "#/components/schemas/ImportItem"},
          {"description": "Anything else is answered with a problem of its own; the others are written."}]}},
        "setStock": {"type": ["boolean", "null"],
         "description": "Whether onHand also counts for products that are there."}}}
      """#),
    Part(
      "ImportItem",
      #"""
      {"type": "object", "required": ["key", "name", "price"], "properties": {
        "key": {"$ref": "#/components/schemas/Line", "description": "By which it is found again."},
        "sku": {"anyOf": [{"$ref": "#/components/schemas/Line"}, {"type": "null"}],
         "description": "Without one: key."},
        "name": {"$ref": "#/components/schemas/Line"},
        "price": {"$ref": "#/components/schemas/Price"},
        "description": {"$ref": "#/components/schemas/Description"},
        "tags": {"$ref": "#/components/schemas/Tags"},
        "onHand": {"$ref": "#/components/schemas/Pieces"},
        "imageURL": {"type": ["string", "null"], "maxLength": 2048, "description": "Kept, never fetched.",
         "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"}}}
      """#),
    Part(
      "ImportResults",
      #"""
      {"type": "object", "required": ["results"], "properties": {
        "results": {"type": "array", "maxItems": 200, "items": {"oneOf": [
          {"type": "object", "required": ["index", "result", "id"], "properties": {
            "index": {"type": "integer", "minimum": 0},
            "result": {"enum": ["created", "updated", "unchanged"]},
            "id": {"$ref": "#/components/schemas/Id"}}},
          {"type": "object", "required": ["index", "result", "detail"], "properties": {
            "index": {"type": "integer", "minimum": 0},
            "result": {"const": "problem"},
            "detail": {"type": "string", "description": "What is wrong with it."}}}]}}}}
      """#),
  ]
}

// The cart's part: Services/Cart/Service, its routes, readers and writers.
extension OpenAPIDocument {
  static let cart = Area(name: "Cart", paths: cartPaths, schemas: cartSchemas)

  private static let cartPaths: [(template: String, operations: [Operation])] = [
    (
      "/carts",
      [
        Operation(
          method: "post", id: "createCart", summary: "Take a cart. It lasts 30 idle days.", body: .anyObject,
          answers: [.created("Cart", ["Location", "ETag"])])
      ]
    ),
    (
      "/carts/{id}",
      [
        Operation(
          method: "get", id: "getCart", summary: "A cart at today's prices.",
          parameters: ["id", "ifNoneMatch"],
          answers: [.ok("Cart", "The cart.", ["ETag"]), .notModified()]),
        Operation(
          method: "delete", id: "deleteCart", summary: "Leave a cart.", parameters: ["id", "ifMatch"],
          answers: [.done]),
      ]
    ),
    (
      "/carts/{id}/items/{productId}",
      [
        Operation(
          method: "put", id: "setQuantity", summary: "So many pieces of a product, whatever there were.",
          parameters: ["id", "lineProductId", "ifMatch"], body: .json("Quantity"),
          answers: [.ok("Cart", "The cart.", ["ETag"])], conflicts: [.cartFull]),
        Operation(
          method: "delete", id: "removeLine", summary: "Take a product out.",
          parameters: ["id", "lineProductId", "ifMatch"], answers: [.ok("Cart", "The cart.", ["ETag"])]),
      ]
    ),
    (
      "/carts/{id}/merge",
      [
        Operation(
          method: "post", id: "mergeCart", summary: "Empty another cart into this one. It is gone then.",
          parameters: ["id", "ifMatch"], body: .json("Merge"),
          answers: [.ok("Cart", "The cart; as it was when there is no such other cart.", ["ETag"])],
          conflicts: [.cartFull])
      ]
    ),
  ]

  private static let cartSchemas: [Part] = [
    Part(
      "Cart",
      #"""
      {"type": "object", "required": ["id", "items", "subtotal", "version", "updatedAt", "expiresAt"],
       "properties": {
        "id": {"$ref": "#/components/schemas/Id"},
        "items": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/CartLine"}},
        "subtotal": {"$ref": "#/components/schemas/Money"},
        "version": {"type": "integer", "minimum": 1, "description": "Counts changes."},
        "updatedAt": {"$ref": "#/components/schemas/Time"},
        "expiresAt": {"$ref": "#/components/schemas/Time"}}}
      """#),
    Part(
      "CartLine",
      #"""
      {"type": "object",
       "required": ["productId", "sku", "name", "quantity", "price", "lineTotal", "available", "notice"],
       "properties": {
        "productId": {"$ref": "#/components/schemas/Id"},
        "sku": {"type": "string"},
        "name": {"type": "string"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 999},
        "price": {"$ref": "#/components/schemas/Money"},
        "lineTotal": {"$ref": "#/components/schemas/Money"},
        "available": {"type": "integer", "minimum": 0},
        "notice": {"enum": [null, "price_changed", "short", "out_of_stock", "gone"],
         "description": "What keeps it from being bought, or that its price is not the one it was added at."},
        "was": {"$ref": "#/components/schemas/Money", "description": "With price_changed: the price then."}}}
      """#),
    Part(
      "Quantity",
      #"""
      {"type": "object", "required": ["quantity"], "properties": {
        "quantity": {"type": "integer", "minimum": 0, "maximum": 999,
         "description": "0 removes the line. Stock does not limit it."}}}
      """#),
    Part(
      "Merge",
      #"""
      {"type": "object", "required": ["from"], "properties": {
        "from": {"$ref": "#/components/schemas/Line", "description": "The id of another cart."}}}
      """#),
  ]
}

import CheckoutAPI
import JSON

// Checkout's part: Services/Checkout/Service, its routes, readers and writers.
extension OpenAPIDocument {
  static let checkout = Area(name: "Checkout", paths: checkoutPaths, schemas: checkoutSchemas)

  /// Every state an order can be in.
  static func writeOrderStates(to writer: inout JSONWriter) {
    writer.enumeration(
      "OrderState", "Where an order stands.", OrderState.allCases.map { $0.rawValue })
  }

  private static let checkoutPaths: [(template: String, operations: [Operation])] = [
    (
      "/shipping-methods",
      [
        Operation(
          method: "get", id: "listShippingMethods", summary: "How a parcel may go, and what that costs.",
          parameters: ["country"], answers: [.ok("ShippingMethodList", "The methods.")], problems: [422])
      ]
    ),
    (
      "/checkouts",
      [
        Operation(
          method: "post", id: "quote", summary: "What a cart would cost. Holds nothing.",
          body: .json("QuoteRequest"), answers: [.ok("Quote", "The quote.")],
          conflicts: [.cartEmpty, .cartOrdered])
      ]
    ),
    (
      "/orders",
      [
        Operation(
          method: "post", id: "placeOrder",
          summary:
            "Buy what is in a cart. Only 201 and 402 are recorded; after any other answer nothing happened.",
          parameters: ["idempotencyKey"], body: .json("OrderRequest"),
          answers: [.created("Order", ["Location", "idempotency-replayed"])], problems: [402],
          conflicts: [.priceChanged, .shortage, .keyInFlight, .cartEmpty, .cartOrdered]),
        Operation(
          method: "get", id: "listOrders", summary: "All orders, newest first, in pages.",
          parameters: ["state", "limit", "cursor"], needsAdmin: true,
          answers: [.ok("OrderPage", "A page.")], problems: [422]),
      ]
    ),
    (
      "/orders/{id}",
      [
        Operation(
          method: "get", id: "getOrder", summary: "An order.", parameters: ["id"],
          answers: [.ok("Order", "The order.")])
      ]
    ),
    (
      "/orders/{id}/cancel",
      [
        Operation(
          method: "post", id: "cancelOrder",
          summary: "Give money and pieces back, once. Again changes nothing.", parameters: ["id"],
          body: .anyObject, answers: [.ok("Order", "The order, cancelled.")], conflicts: [.wrongState])
      ]
    ),
  ]

  private static let checkoutSchemas: [Part] = [
    Part(
      "ShippingMethodList",
      #"""
      {"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "items": {
         "type": "object", "required": ["id", "name", "price"], "properties": {
          "id": {"$ref": "#/components/schemas/ShippingMethodId"},
          "name": {"type": "string"},
          "price": {"$ref": "#/components/schemas/Money"}}}}}}
      """#),
    Part(
      "AddressInput",
      #"""
      {"type": "object", "required": ["name", "line1", "city", "postalCode", "country"], "properties": {
        "name": {"$ref": "#/components/schemas/Line"},
        "line1": {"$ref": "#/components/schemas/Line"},
        "line2": {"$ref": "#/components/schemas/OptionalLine"},
        "city": {"$ref": "#/components/schemas/Line", "maxLength": 100},
        "region": {"$ref": "#/components/schemas/OptionalLine", "maxLength": 100},
        "postalCode": {"$ref": "#/components/schemas/Line", "maxLength": 20},
        "country": {"$ref": "#/components/schemas/Country"},
        "phone": {"$ref": "#/components/schemas/OptionalLine", "maxLength": 40}}}
      """#),
    Part(
      "QuoteRequest",
      #"""
      {"type": "object", "required": ["cartId", "shippingAddress", "shippingMethod"], "properties": {
        "cartId": {"$ref": "#/components/schemas/Id", "description": "An unknown cart is 422."},
        "shippingAddress": {"$ref": "#/components/schemas/AddressInput"},
        "shippingMethod": {"$ref": "#/components/schemas/ShippingMethodId"}}}
      """#),
    Part(
      "OrderRequest",
      #"""
      {"type": "object",
       "required": ["cartId", "email", "shippingAddress", "shippingMethod", "payment", "expectedTotal"],
       "properties": {
        "cartId": {"$ref": "#/components/schemas/Id", "description": "An unknown cart is 422."},
        "email": {"type": "string", "maxLength": 254,
         "description": "At most 254 bytes, 64 before the @, 63 between two dots behind it.",
         "pattern": "^[^\\u0000- \"(),.:;<>@\\[\\\\\\]\\u007f-\\u009f]+\#
      (\\.[^\\u0000- \"(),.:;<>@\\[\\\\\\]\\u007f-\\u009f]+)*@\#
      ([^\\u0000-/:-@\\[-`{-\\u009f]\#
      ([^\\u0000-,./:-@\\[-`{-\\u009f]*[^\\u0000-/:-@\\[-`{-\\u009f])?\\.)+\#
      [^\\u0000-@\\[-`{-\\u009f]([^\\u0000-,./:-@\\[-`{-\\u009f]*[^\\u0000-/:-@\\[-`{-\\u009f])?$"},
        "shippingAddress": {"$ref": "#/components/schemas/AddressInput"},
        "shippingMethod": {"$ref": "#/components/schemas/ShippingMethodId"},
        "payment": {"type": "object", "required": ["token"], "properties": {
          "token": {"enum": ["tok_ok", "tok_declined", "tok_timeout", "tok_flaky", "tok_slow"]}}},
        "expectedTotal": {"type": "object", "required": ["amount", "currency"],
         "description": "What the buyer saw.", "properties": {
          "amount": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
          "currency": {"$ref": "#/components/schemas/Currency"}}}}}
      """#),
    Part(
      "PricedLine",
      #"""
      {"type": "object", "required": ["productId", "sku", "name", "quantity", "price", "lineTotal", "tax"],
       "properties": {
        "productId": {"$ref": "#/components/schemas/Id"},
        "sku": {"type": "string"},
        "name": {"type": "string"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 999},
        "price": {"$ref": "#/components/schemas/Money"},
        "lineTotal": {"$ref": "#/components/schemas/Money"},
        "tax": {"$ref": "#/components/schemas/Money"}}}
      """#),
    Part(
      "Shortage",
      #"""
      {"type": "object", "required": ["productId", "wanted", "available"], "properties": {
        "productId": {"$ref": "#/components/schemas/Id"},
        "wanted": {"type": "integer", "minimum": 1},
        "available": {"type": "integer", "minimum": 0}}}
      """#),
    Part(
      "Quote",
      #"""
      {"type": "object",
       "required": ["lines", "subtotal", "shippingMethod", "shipping", "tax", "total", "taxIncluded",
        "shortages", "expiresAt"],
       "properties": {
        "lines": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/PricedLine"}},
        "subtotal": {"$ref": "#/components/schemas/Money"},
        "shippingMethod": {"$ref": "#/components/schemas/ShippingMethodId"},
        "shipping": {"$ref": "#/components/schemas/Money"},
        "tax": {"$ref": "#/components/schemas/Money"},
        "total": {"$ref": "#/components/schemas/Money",
         "description": "subtotal + shipping, + tax unless taxIncluded."},
        "taxIncluded": {"type": "boolean"},
        "shortages": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/Shortage"}},
        "expiresAt": {"$ref": "#/components/schemas/Time"}}}
      """#),
    Part(
      "Address",
      #"""
      {"type": "object",
       "required": ["name", "line1", "line2", "city", "region", "postalCode", "country", "phone"],
       "properties": {
        "name": {"type": "string"},
        "line1": {"type": "string"},
        "line2": {"type": ["string", "null"]},
        "city": {"type": "string"},
        "region": {"type": ["string", "null"]},
        "postalCode": {"type": "string"},
        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "phone": {"type": ["string", "null"]}}}
      """#),
    Part(
      "Order",
      #"""
      {"type": "object",
       "required": ["id", "number", "state", "lines", "subtotal", "shippingMethod", "shipping", "tax",
        "taxIncluded", "total", "email", "shippingAddress", "createdAt", "events"],
       "properties": {
        "id": {"$ref": "#/components/schemas/Id"},
        "number": {"type": "string", "description": "For the telephone; it opens nothing."},
        "state": {"$ref": "#/components/schemas/OrderState"},
        "lines": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/PricedLine"}},
        "subtotal": {"$ref": "#/components/schemas/Money"},
        "shippingMethod": {"type": "string"},
        "shipping": {"$ref": "#/components/schemas/Money"},
        "tax": {"$ref": "#/components/schemas/Money"},
        "taxIncluded": {"type": "boolean"},
        "total": {"$ref": "#/components/schemas/Money"},
        "email": {"type": "string"},
        "shippingAddress": {"$ref": "#/components/schemas/Address"},
        "createdAt": {"$ref": "#/components/schemas/Time"},
        "events": {"type": "array", "description": "Oldest first.", "items": {
          "type": "object", "required": ["state", "at"], "properties": {
            "state": {"$ref": "#/components/schemas/OrderState"},
            "at": {"$ref": "#/components/schemas/Time"}}}}}}
      """#),
    Part(
      "OrderPage",
      #"""
      {"type": "object", "required": ["items", "next", "total"], "properties": {
        "items": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/Order"}},
        "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
        "total": {"type": "integer", "minimum": 0, "description": "In all pages together."}}}
      """#),
  ]
}

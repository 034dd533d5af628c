import Bytes
import CheckoutAPI
import Platform
import Shop

/// Where an order stands, what it holds, and the way to call it off.
struct OrderPage {
  var order: Order
  var note: Note?

  func page(_ visit: Visit) -> Page {
    Page(
      title: "Order \(order.number)",
      content: """
        <h1>\(heading)</h1>
        <div class="split"><div>\(note?.html)
        <p>Order <b>\(order.number)</b>, placed on \(DateText.long(order.createdAt)). Keep this page's address: \
        whoever has it can see the order and cancel it.</p>
        \(ending ?? progress)
        <div class="columns"><section><h2>It goes to</h2>\(address)</section>
        <section><h2>E-mail</h2><p>\(order.email)</p></section></div>
        \(cancelling(visit))
        </div>
        <aside class="panel" aria-labelledby="sum"><h2 id="sum">Your order</h2><ul class="brief">\(lines)</ul>
        \(CheckoutPage.sums(order.subtotal, order.shipping, order.tax, order.taxIncluded, order.total))</aside></div>
        """)
  }

  private var lines: HTML {
    var lines = HTML()
    for line in order.lines {
      lines.append(
        """
        <li><span>\(line.quantity) × \(Piece.link(toProduct: line.productID, line.name))</span>\
        <span>\(line.lineTotal)</span></li>
        """)
    }
    return lines
  }

  private var heading: StaticString {
    switch order.state {
    case .pending, .reserved, .authorised: "Your order is being taken"
    case .captured: "Thank you for your order"
    case .shipped: "Your parcel is on its way"
    case .delivered: "Your parcel has arrived"
    case .cancelled: "This order was cancelled"
    case .expired: "This order was not completed"
    case .declined: "The payment was declined"
    case .refunded: "This order was refunded"
    }
  }

  /// Of an order that comes to nothing: why.
  private var ending: HTML? {
    let ending: StaticString
    switch order.state {
    case .cancelled: ending = "<p>It was called off; the money and the goods have gone back.</p>"
    case .refunded: ending = "<p>The money has gone back to you.</p>"
    case .declined: ending = "<p>The bank said no; nothing was paid.</p>"
    case .expired: ending = "<p>It was given up before it was paid.</p>"
    default: return nil
    }
    return Piece.note("note", "Nothing more happens to this order", "\(ending)")
  }

  /// Its steps, and when it came to those it has reached.
  private var progress: HTML {
    let steps: [(state: OrderState, name: StaticString)] = [
      (.pending, "Received"), (.captured, "Paid"), (.shipped, "Sent"), (.delivered, "Delivered"),
    ]
    var reached = 0
    for (index, step) in steps.enumerated() where step.state == order.state { reached = index }
    var items = HTML()
    for (index, step) in steps.enumerated() {
      var time = index == 0 ? order.createdAt : nil
      if index > 0 && index <= reached {
        for event in order.events where event.state == step.state { time = event.at }
      }
      items.append(
        """
        <li\(" class=\"done\"", if: index < reached)\
        \(" class=\"done now\" aria-current=\"step\"", if: index == reached)>\(step.name)\(time.map(DateText.stamp))</li>
        """)
    }
    return "<ol class=\"steps\" aria-label=\"How far it is\">\(items)</ol>"
  }

  private var address: HTML {
    let place = order.shippingAddress
    return """
      <address>\(place.name)<br>\(place.line1)<br>\(Self.line(place.line2))\(place.postalCode) \(place.city)<br>\
      \(Self.line(place.region))\(CountryName.of(place.country))</address>
      """
  }

  private static func line(_ text: String?) -> HTML? {
    guard let text else { return nil }
    return "\(text)<br>"
  }

  private func cancelling(_ visit: Visit) -> HTML? {
    guard order.state == .captured || order.state.isInFlight else { return nil }
    return """
      <form class="actions" action="\(Link("/orders").segment(order.id).path("/cancel"))" method="post">\
      \(Piece.formToken(visit))<button class="quiet">Cancel this order</button></form>
      """
  }
}

/// Dates for people, in UTC because the shop does not know where they are.
enum DateText {
  private static let months: [StaticString] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
  ]

  /// `23 November 2026, 16:50 UTC`.
  @inline(never)
  static func long(_ time: WallTime) -> HTML {
    let text = Timestamp.string(time)
    return "\(day(text)) \(month(text)) \(text.cut(0..<4)), \(text.cut(11..<16)) UTC"
  }

  /// `23 Nov, 16:50`, as an element.
  @inline(never)
  static func stamp(_ time: WallTime) -> HTML {
    let text = Timestamp.string(time)
    return """
      <time datetime="\(text)">\(day(text)) \(month(text).cut(0..<3)), \(text.cut(11..<16))</time>
      """
  }

  private static func day(_ text: String) -> Int { Int(text.cut(8..<10)) ?? 1 }

  private static func month(_ text: String) -> String {
    String(literal: months[(Int(text.cut(5..<7)) ?? 1) - 1])
  }
}

import Bytes
import CheckoutAPI
import Platform
import Shop

/// Where an order stands, what it holds, and the way to call it off.
struct OrderPage {
  var order: Order
  var note: HTML?

  func page(_ context: PageContext) -> Page {
    let lines = order.lines.map { line in
      """
      <li><span>\(line.quantity) × <a href="\(Link("/products").segment(line.productID))">\(line.name)</a></span>\
      <span>\(line.lineTotal.text)</span></li>
      """ as HTML
    }
    return Page(
      title: "Order " + order.number,
      content: """
        <h1>\(heading)</h1>
        <div class="split"><div>\(note)
        <p>Order <b>\(order.number)</b>, placed on \(DateText.long(order.createdAt)). Keep this page's address: \
        whoever has it can see the order and cancel it.</p>
        \(progress)
        <div class="columns"><section><h2>It goes to</h2>\(address)</section>
        <section><h2>E-mail</h2><p>\(order.email)</p></section></div>
        \(cancelling(context))
        </div>
        <aside class="panel" aria-labelledby="sum"><h2 id="sum">Your order</h2><ul class="brief">\(lines)</ul>
        \(CheckoutPage.sums(order.subtotal, order.shipping, order.tax, order.taxIncluded, order.total))</aside></div>
        """)
  }

  private var heading: String {
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

  private var progress: HTML {
    let steps: [(state: OrderState, name: String)] = [
      (.pending, "Received"), (.captured, "Paid"), (.shipped, "Sent"), (.delivered, "Delivered"),
    ]
    let ending: String? =
      switch order.state {
      case .cancelled: "It was called off; the money and the goods have gone back."
      case .refunded: "The money has gone back to you."
      case .declined: "The bank said no; nothing was paid."
      case .expired: "It was given up before it was paid."
      default: nil
      }
    if let ending { return Piece.note(.warning, "Nothing more happens to this order", "<p>\(ending)</p>") }
    let reached =
      switch order.state {
      case .captured: 1
      case .shipped: 2
      case .delivered: 3
      default: 0
      }
    var items: [HTML] = []
    for (index, step) in steps.enumerated() {
      let time =
        index == 0 ? order.createdAt : order.events.last { $0.state == step.state && index <= reached }?.at
      let stamp = time.map {
        "<time datetime=\"\(Timestamp.string($0))\">\(DateText.short($0))</time>" as HTML
      }
      let kind: HTML =
        index < reached
        ? " class=\"done\"" : index == reached ? " class=\"done now\" aria-current=\"step\"" : ""
      items.append("<li\(kind)>\(step.name)\(stamp)</li>")
    }
    return "<ol class=\"steps\" aria-label=\"How far it is\">\(items)</ol>"
  }

  private var address: HTML {
    let place = order.shippingAddress
    let extra = place.line2.map { "\($0)<br>" as HTML }
    let region = place.region.map { "\($0)<br>" as HTML }
    return """
      <address>\(place.name)<br>\(place.line1)<br>\(extra)\(place.postalCode) \(place.city)<br>\(region)\
      \(CountryName.of(place.country))</address>
      """
  }

  private func cancelling(_ context: PageContext) -> HTML {
    guard order.state == .captured || order.state.isInFlight else { return "" }
    return """
      <form class="actions" action="\(Link("/orders").segment(order.id).path("/cancel"))" method="post">\
      \(Piece.formToken(context))<button class="quiet">Cancel this order</button></form>
      """
  }
}

/// Dates for people, in UTC because the shop does not know where they are.
enum DateText {
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November",
    "December",
  ]

  /// `23 November 2026, 16:50 UTC`.
  static func long(_ time: WallTime) -> String {
    let (year, month, day, clock) = parts(time)
    return day + " " + months[month - 1] + " " + year + ", " + clock + " UTC"
  }

  /// `23 Nov, 16:50`.
  static func short(_ time: WallTime) -> String {
    let (_, month, day, clock) = parts(time)
    return day + " " + String(utf8: Array(months[month - 1].utf8.prefix(3))) + ", " + clock
  }

  private static func parts(_ time: WallTime) -> (year: String, month: Int, day: String, clock: String) {
    let text = Array(Timestamp.string(time).utf8)
    func slice(_ range: Range<Int>) -> String { String(utf8: text[range]) }
    let day = text[8] == UInt8(ascii: "0") ? slice(9..<10) : slice(8..<10)
    return (slice(0..<4), Int(slice(5..<7)) ?? 1, day, slice(11..<16))
  }
}

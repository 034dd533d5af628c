import Bytes

/// A message above a page's content: what became of a form.
enum Note: UInt8 {
  // The cart's, which an address may ask for; nothing else.
  case added, updated, number, gone, full, lost
  // The checkout's.
  case brokenOff, noQuote, declined, priceChanged, shortage, inFlight, changed, silent
  // An order's.
  case late

  private static let addressable: [Note] = [.added, .updated, .number, .gone, .full, .lost]

  /// The note of the cart's page that an address names.
  init?(afterForm name: String?) {
    guard let name else { return nil }
    for note in Self.addressable where String(literal: note.name) == name {
      self = note
      return
    }
    return nil
  }

  /// What an address calls it; the checkout's have no names.
  var name: StaticString {
    switch self {
    case .added: "added"
    case .updated: "updated"
    case .number: "number"
    case .gone: "gone"
    case .full: "full"
    case .lost: "lost"
    default: ""
    }
  }

  /// How bad it is: a style.
  private var kind: StaticString {
    switch self {
    case .added, .updated: "note good"
    case .number, .gone, .full, .declined: "note bad"
    default: "note"
    }
  }

  private var title: StaticString {
    switch self {
    case .added: "It is in your cart"
    case .updated: "Your cart is up to date"
    case .number: "A quantity is a number from 0 to 999"
    case .gone: "This is no longer sold"
    case .full: "Your cart is full"
    case .lost: "Your cart had expired"
    case .brokenOff: "We did not hear whether your order was taken"
    case .noQuote: "The total cannot be worked out just now"
    case .declined: "The payment was declined"
    case .priceChanged: "The total has changed"
    case .shortage: "Not everything is there any more"
    case .inFlight: "Your order is being taken"
    case .changed: "This form had been sent before"
    case .silent: "The payment provider does not answer"
    case .late: "It is too late to cancel"
    }
  }

  private var text: StaticString {
    switch self {
    case .added, .updated: ""
    case .number: "<p>The others were not changed.</p>"
    case .gone: "<p>Nothing was put into the cart.</p>"
    case .full: "<p>It holds 100 different things. Take one out, then try again.</p>"
    case .lost: "<p>Please choose again.</p>"
    case .brokenOff:
      "<p>Nothing you typed is lost. Press the button again in a moment: this form can only ever make one order.</p>"
    case .noQuote: "<p>Nothing you typed is lost. Try again in a moment.</p>"
    case .declined:
      "<p>Nothing was paid, and your cart is as it was. Choose another way to pay and try again.</p>"
    case .priceChanged: "<p>Nothing was ordered. Please look at the new total, then order again.</p>"
    case .shortage:
      "<p>Nothing was ordered. <a href=\"/cart\">Change the cart</a>, then come back; it says what is left.</p>"
    case .inFlight: "<p>Wait a moment, then press the button again to see it.</p>"
    case .changed: "<p>Please look at it once more, then order.</p>"
    case .silent: "<p>Nothing was paid or ordered, and nothing you typed is lost. Try again in a moment.</p>"
    case .late: "<p>The parcel has left already.</p>"
    }
  }

  /// The note on a page.
  var html: HTML { Piece.note(kind, title, "\(text)") }
}

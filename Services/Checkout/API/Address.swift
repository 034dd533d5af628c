import JSON

/// Where a parcel goes.
public struct Address: Equatable, Sendable {
  /// Who receives it.
  public var name: String
  /// Street and number.
  public var line1: String
  /// What else the street needs.
  public var line2: String?
  /// Town.
  public var city: String
  /// State or province, where addresses have one.
  public var region: String?
  /// Postal code.
  public var postalCode: String
  /// ISO 3166 alpha-2, in capitals.
  public var country: String
  /// For the carrier.
  public var phone: String?

  /// An address with all its parts.
  public init(
    name: String, line1: String, line2: String? = nil, city: String, region: String? = nil,
    postalCode: String, country: String, phone: String? = nil
  ) {
    self.name = name
    self.line1 = line1
    self.line2 = line2
    self.city = city
    self.region = region
    self.postalCode = postalCode
    self.country = country
    self.phone = phone
  }

  /// Writes the address as a JSON object; parts that are not there are null.
  public func write(to writer: inout JSONWriter) {
    writer.object { address in
      address.field("name", name)
      address.field("line1", line1)
      address.field("line2", line2)
      address.field("city", city)
      address.field("region", region)
      address.field("postalCode", postalCode)
      address.field("country", country)
      address.field("phone", phone)
    }
  }

  /// Reads an address that `write` wrote; nil when a part is missing.
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(&members)
    guard members.isComplete else { return nil }
  }

  /// Reads the member `key` of `parent`.
  @inline(never)
  init(_ parent: inout JSONMembers, _ key: JSONMembers.Key) {
    var members = JSONMembers(parent.member(key))
    self.init(&members)
    parent.require(members.isComplete)
  }

  private init(_ members: inout JSONMembers) {
    self.init(
      name: members.string("name"), line1: members.string("line1"), line2: members.optionalString("line2"),
      city: members.string("city"), region: members.optionalString("region"),
      postalCode: members.string("postalCode"), country: members.string("country"),
      phone: members.optionalString("phone"))
  }
}

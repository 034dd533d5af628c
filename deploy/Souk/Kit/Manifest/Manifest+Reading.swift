import Yams

extension Manifest {
  /// Reads and checks the manifest at `path`. Every error names the file, the line and what to do.
  static func read(_ path: String) throws(Failure) -> Manifest {
    guard let bytes = Files.read(path) else {
      throw Failure("cannot read the manifest \(Files.shown(path)): give another with --manifest")
    }
    guard bytes.count <= maximumByteCount else {
      throw Failure("the manifest \(Files.shown(path)) is over 1 MiB: that cannot be a shop.yaml")
    }
    return try parse(String(decoding: bytes, as: UTF8.self), file: Files.shown(path))
  }

  /// Reads a manifest's text; `file` is its name in errors.
  static func parse(_ text: String, file: String) throws(Failure) -> Manifest {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw Failure("\(file)\(error.place): this is not YAML: \(error.problem)")
    } catch {
      throw Failure("\(file): this is not YAML: \(error)")
    }
    guard let root else { throw Failure("\(file): the manifest is empty; git's copy is deploy/shop.yaml") }
    var manifest = Manifest()
    let top = try ManifestSection(
      root, path: "", file: file, keys: ["shop", "tax", "shipping", "log", "xen"])

    let shop = try top.section("shop", keys: ["name", "currency", "taxIncluded"])
    manifest.name = try shop.text("name", maximumLength: maximumNameLength)
    manifest.currency = try shop.choice("currency", of: currencies)
    manifest.taxIncluded = try shop.boolean("taxIncluded")

    let tax = try top.section("tax", keys: nil)
    guard (1...maximumTaxRateCount).contains(tax.entries.count) else {
      throw tax.failure("needs 1 to \(maximumTaxRateCount) countries, such as `DE: 19`")
    }
    for entry in tax.entries {
      guard entry.key.utf8.count == 2, entry.key.utf8.allSatisfy({ (65...90).contains($0) }) else {
        throw tax.failure(entry, "is not a country: two capital letters (ISO 3166)")
      }
      let rate = try tax.hundredths(entry, "a percentage from 0 to 100, such as 19 or 7.7", maximum: 10_000)
      manifest.taxRates.append(.init(country: entry.key, basisPoints: rate))
    }

    let shipping = try top.section("shipping", keys: nil)
    guard (1...maximumShippingMethodCount).contains(shipping.entries.count) else {
      throw shipping.failure("needs 1 to \(maximumShippingMethodCount) methods, such as `standard: 4.90`")
    }
    for entry in shipping.entries {
      let isWord = entry.key.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
      guard isWord, (1...32).contains(entry.key.utf8.count) else {
        throw shipping.failure(entry, "is not a method's name: up to 32 of a-z, 0-9 and -")
      }
      let price = try shipping.hundredths(entry, "a price such as 4.90", maximum: 100_000_000)
      manifest.shippingMethods.append(.init(id: entry.key, priceMinor: price))
    }

    if top.has("log") {
      let log = try top.section("log", keys: ["level", "format"])
      if log.has("level") { manifest.logLevel = try log.choice("level", of: logLevels) }
      if log.has("format") { manifest.logFormat = try log.choice("format", of: logFormats) }
    }
    if top.has("xen") {
      manifest.xen = try Xen(
        try top.section("xen", keys: ["prefix", "insideBridge", "outside", "memory"]))
    }
    return manifest
  }
}

/// A mapping of the manifest and the words to complain about it.
struct ManifestSection {
  struct Entry {
    var key: String
    var keyNode: Node
    var value: Node
  }

  let path: String
  let file: String
  let node: Node
  let entries: [Entry]

  /// `keys` nil takes any.
  init(_ node: Node, path: String, file: String, keys: [String]?) throws(Failure) {
    self.path = path
    self.file = file
    self.node = node
    guard case .mapping(let mapping) = node else {
      entries = []
      throw failure("must hold `key: value` lines")
    }
    var entries: [Entry] = []
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        throw Failure("\(file)\(Self.place(key)): a key must be a plain word")
      }
      entries.append(Entry(key: name, keyNode: key, value: value))
    }
    self.entries = entries
    guard let keys else { return }
    for entry in entries where !keys.contains(entry.key) {
      throw Failure(
        "\(file)\(Self.place(entry.keyNode)): unknown key `\(full(entry.key))`; known here: "
          + keys.joined(separator: ", "))
    }
  }

  func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

  func section(_ key: String, keys: [String]?) throws(Failure) -> ManifestSection {
    try ManifestSection(try entry(key).value, path: full(key), file: file, keys: keys)
  }

  func text(_ key: String, maximumLength: Int) throws(Failure) -> String {
    let entry = try entry(key)
    guard let text = entry.value.scalar?.string, (1...maximumLength).contains(text.count),
      !text.utf8.contains(where: { $0 < 32 || $0 == 127 })
    else { throw failure(entry, "must be a line of 1 to \(maximumLength) characters") }
    return text
  }

  func choice(_ key: String, of choices: [String]) throws(Failure) -> String {
    let entry = try entry(key)
    guard let text = entry.value.scalar?.string, choices.contains(text) else {
      throw failure(entry, "must be one of \(choices.joined(separator: ", "))")
    }
    return text
  }

  func boolean(_ key: String) throws(Failure) -> Bool {
    try choice(key, of: ["true", "false"]) == "true"
  }

  /// A whole number in `range`; `what` says what it is.
  func number(_ key: String, in range: ClosedRange<Int>, _ what: String) throws(Failure) -> Int {
    let entry = try entry(key)
    let text = entry.value.scalar?.string ?? ""
    guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text), range.contains(number)
    else { throw failure(entry, "must be \(what)") }
    return number
  }

  /// A decimal with at most two places, exactly, in hundredths.
  func hundredths(_ entry: Entry, _ what: String, maximum: Int) throws(Failure) -> Int {
    let parts = (entry.value.scalar?.string ?? "").split(separator: ".", omittingEmptySubsequences: false)
    let isNumber = parts.allSatisfy {
      !$0.isEmpty && $0.utf8.count <= 9 && $0.utf8.allSatisfy { (48...57).contains($0) }
    }
    guard isNumber, (1...2).contains(parts.count), let whole = Int(parts[0]),
      let rest = parts.count == 1 ? 0 : Int(parts[1]), parts.count == 1 || parts[1].utf8.count <= 2
    else { throw failure(entry, "must be \(what)") }
    let value = whole * 100 + (parts.count == 2 && parts[1].utf8.count == 1 ? rest * 10 : rest)
    guard value <= maximum else { throw failure(entry, "must be \(what)") }
    return value
  }

  func failure(_ what: String) -> Failure {
    Failure("\(file)\(Self.place(node)): \(path.isEmpty ? "the manifest" : "`\(path)`") \(what)")
  }

  func failure(_ entry: Entry, _ what: String) -> Failure {
    Failure("\(file)\(Self.place(entry.keyNode)): `\(full(entry.key))` \(what)")
  }

  func entry(_ key: String) throws(Failure) -> Entry {
    guard let entry = entries.first(where: { $0.key == key }) else {
      throw failure("lacks the key `\(key)`")
    }
    return entry
  }

  private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private static func place(_ node: Node) -> String { node.mark.map { ":\($0.line):\($0.column)" } ?? "" }
}

extension YamlError {
  /// `:line:column`, where the error has one.
  fileprivate var place: String {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      ":\(mark.line):\(mark.column)"
    case .duplicatedKeysInMapping(_, let context): ":\(context.mark.line)"
    default: ""
    }
  }

  fileprivate var problem: String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
      problem
    case .duplicatedKeysInMapping(let keys, _):
      "the key \(keys.joined(separator: ", ")) stands twice; keep one"
    default: "\(self)"
    }
  }
}

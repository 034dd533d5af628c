import Glibc

/// What the shop keeps from others: made once from the kernel's randomness, kept in files of mode 0600.
struct Secrets: Equatable {
  /// Between the services, hexadecimal.
  var `internal`: String
  /// Signs the storefront's cart cookie, hexadecimal.
  var cookie: String
  /// The bearer token of the shop's owner.
  var adminToken: String

  /// Reads the folder's secrets, making the ones that are missing.
  static func load(_ folder: DataFolder) throws(Failure) -> Secrets {
    var lines: [String: String] = [:]
    for line in (Files.text(folder.secretsFile) ?? "").split(separator: "\n") {
      let pair = line.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { lines[String(pair[0])] = String(pair[1]) }
    }
    if Files.exists(folder.secretsFile), lines["internal"] == nil || lines["cookie"] == nil {
      throw Failure(
        "\(Files.shown(folder.secretsFile)) is damaged: delete it and a new one is made "
          + "(open storefront carts lose their cookie)")
    }
    if lines.isEmpty {
      lines = ["internal": hex(Files.randomBytes(32)), "cookie": hex(Files.randomBytes(32))]
      let text = lines.keys.sorted().map { "\($0)=\(lines[$0]!)\n" }.joined()
      try Files.write(Array(text.utf8), to: folder.secretsFile, mode: 0o600)
    }
    var token = Files.text(folder.adminTokenFile) ?? ""
    if token.isEmpty {
      token = hex(Files.randomBytes(24))
      try Files.write(Array((token + "\n").utf8), to: folder.adminTokenFile, mode: 0o600)
    }
    chmod(folder.secretsFile, 0o600)
    chmod(folder.adminTokenFile, 0o600)
    return Secrets(internal: lines["internal"]!, cookie: lines["cookie"]!, adminToken: token)
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

import Foundation

/// Something that is in an image and has a version of its own: a line of its bill of materials.
struct ImageComponent: Codable, Equatable {
  var name: String
  /// Nil when nothing on this machine tells.
  var version: String?
  var license: String

  var text: String { version.map { "\(name) \($0)" } ?? name }

  /// What is in an image of these modules.
  static func all(of modules: [String], _ file: ELFFile, _ symbols: [ELFFile.Symbol]) -> [ImageComponent] {
    var found = [
      ImageComponent(name: "Souk", version: VersionReport.commit(Checkout.root), license: "NOASSERTION"),
      ImageComponent(
        name: "Swift runtime", version: swiftVersion, license: "Apache-2.0 WITH Swift-exception"),
    ]
    if modules.contains(ImageModule.sqlite) {
      let version = symbols.first { $0.name == "sqlite3_version" }.flatMap { file.text(at: $0.address) }
      found.append(.init(name: "SQLite", version: version, license: "blessing"))
    }
    if modules.contains(ImageModule.bearSSL) {
      found.append(.init(name: "BearSSL", version: debianVersion("libbearssl-dev"), license: "MIT"))
    }
    if modules.contains(where: { collections.contains($0) }) {
      found.append(
        .init(
          name: "swift-collections", version: resolvedVersion("swift-collections"),
          license: "Apache-2.0 WITH Swift-exception"))
    }
    return found
  }

  /// Modules of swift-collections.
  private static let collections: Set<String> = [
    "ContainersPreview", "DequeModule", "HeapModule", "InternalCollectionsUtilities", "BasicContainers",
  ]

  /// `6.3.1`, as the compiler says.
  private static let swiftVersion: String? = {
    guard let answer = try? Captured.run(["swift", "--version"]), answer.exitCode == 0 else { return nil }
    let words = answer.output.split { $0 == " " || $0 == "\n" }
    return words.firstIndex(of: "version").flatMap { words.dropFirst($0 + 1).first }.map(String.init)
  }()

  private static func debianVersion(_ package: String) -> String? {
    guard let answer = try? Captured.run(["dpkg-query", "-W", "-f", "${Version}", package]),
      answer.exitCode == 0, !answer.output.isEmpty
    else { return nil }
    return answer.output
  }

  /// As Package.resolved has it.
  private static func resolvedVersion(_ package: String) -> String? {
    struct Resolved: Decodable {
      struct Pin: Decodable {
        struct State: Decodable { var version: String? }
        var identity: String
        var state: State
      }
      var pins: [Pin]
    }
    guard let bytes = Files.read(Checkout.root + "/Package.resolved"),
      let resolved = try? JSONDecoder().decode(Resolved.self, from: Data(bytes))
    else { return nil }
    return resolved.pins.first { $0.identity == package }?.state.version
  }
}

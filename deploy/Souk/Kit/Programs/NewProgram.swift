import Glibc

/// The package that `souk new` makes: a program of somebody's own that depends on a checkout of Souk.
struct NewProgram {
  let name: String
  /// The checkout, from the root.
  let souk: String

  /// Path in the package, and content.
  var files: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("Sources/\(name)/Main.swift", main), ("README.md", readme),
      (".gitignore", ".build*/\n"),
    ]
  }

  /// Writes the package into `folder`, which is made when it is not there and otherwise must be empty.
  func write(to folder: String) throws(Failure) {
    try Self.makeEmpty(folder)
    try Self.make(folder + "/Sources")
    try Self.make("\(folder)/Sources/\(name)")
    for file in files { try Files.write(Array(file.text.utf8), to: "\(folder)/\(file.path)", mode: 0o644) }
  }

  private static func makeEmpty(_ folder: String) throws(Failure) {
    guard mkdir(folder, 0o755) != 0 else { return }
    guard errno == EEXIST else { throw cannot(folder) }
    guard let listing = opendir(folder) else {
      throw Failure("\(Files.shown(folder)) is no folder: nothing was written")
    }
    defer { closedir(listing) }
    // `.` and `..` are always there.
    var count = 0
    while readdir(listing) != nil { count += 1 }
    guard count <= 2 else {
      throw Failure(
        "\(Files.shown(folder)) is not empty, and nothing was written: choose another name, or --at DIR")
    }
  }

  private static func make(_ folder: String) throws(Failure) {
    guard mkdir(folder, 0o755) == 0 else { throw cannot(folder) }
  }

  private static func cannot(_ folder: String) -> Failure {
    Failure("cannot make \(Files.shown(folder)): \(String(cString: strerror(errno)))")
  }

  // MARK: What is in them

  private var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    let package = Package(
      name: "\(name)",
      dependencies: [
        // A checkout of Souk.
        .package(name: "Souk", path: \(Self.quoted(souk)))
      ],
      targets: [
        .executableTarget(
          name: "\(name)",
          dependencies: [.product(name: "Souk", package: "Souk")],
          // As Souk's own modules have it: an async function goes on where its caller runs.
          swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")])
      ]
    )

    """
  }

  private var main: String {
    """
    import HTTP
    import HTTPCore
    import Souk

    /// Answers whoever asks.
    @main
    enum Main {
      static func main() {
        Program.serve("\(name)") { request in
          switch request.method {
          case .get, .head: .text(.ok, "hello from \(name)\\n")
          default: Response(.methodNotAllowed, fields: [("allow", "GET, HEAD")])
          }
        }
      }
    }

    """
  }

  private var readme: String {
    """
    # \(name)

    A program on [Souk](\(souk)): a Linux process, or a unikernel, from the same source. In this folder:

    ```sh
    \(command) run \(name)                  # a Linux process, on http://127.0.0.1:8000
    \(command) run \(name) --target qemu    # the same as a unikernel in QEMU
    \(command) build \(name) --target qemu  # only its image, and what takes the room in it
    ```

    What to do next is in \(souk)/docs/unikernel.md.

    """
  }

  /// `souk` for a shell, from any folder.
  var command: String {
    let path = souk + "/souk"
    let isPlain = path.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"), UInt8(ascii: "+"):
        true
      default: false
      }
    }
    return isPlain
      ? path
      : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// As a literal of Swift's.
  static func quoted(_ text: String) -> String {
    var literal = "\""
    for character in text.unicodeScalars {
      switch character {
      case "\"", "\\": literal += "\\\(character)"
      case "\n": literal += "\\n"
      default: literal.unicodeScalars.append(character)
      }
    }
    return literal + "\""
  }
}

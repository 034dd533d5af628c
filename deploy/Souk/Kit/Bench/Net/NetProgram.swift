import Foundation
import Glibc

/// The program `bench-net`, which measures once and prints one line of JSON.
struct NetProgram {
  /// The figures of one measurement by name.
  typealias Figures = [String: Double]

  private let path: String

  /// The one that was built beside this program.
  init() throws(Failure) {
    path = Checkout.executables + "/bench-net"
    guard Files.exists(path) else {
      throw Failure(
        "\(Files.shown(path)) is not built: `swift build -c release --product bench-net` does that")
    }
  }

  /// Another program that says what it measured in the same way.
  init(path: String) { self.path = path }

  /// A copy in `folder` without debug information, which valgrind 3.19 cannot read as this compiler writes it.
  /// Functions keep their names.
  func stripped(in folder: String) throws(Failure) -> NetProgram {
    let copy = folder + "/bench-net"
    let answer = try Captured.run(["objcopy", "--strip-debug", path, copy])
    guard answer.exitCode == 0 else { throw Failure("objcopy did not work: \(answer.output)") }
    return NetProgram(path: copy)
  }

  /// Runs it with `arguments`, behind the words of another program that runs it.
  func run(_ arguments: [String], under words: [String] = []) throws(Failure) -> (Figures, output: String) {
    let all = words + [path] + arguments
    let answer = try Captured.run(all)
    guard answer.exitCode == 0 else {
      throw Failure("`\(all.joined(separator: " "))` ended with \(answer.exitCode): \(answer.output)")
    }
    for line in answer.output.split(separator: "\n") where line.hasPrefix("{") {
      if let figures = try? JSONDecoder().decode(Figures.self, from: Data(line.utf8)) {
        return (figures, answer.output)
      }
    }
    throw Failure("`\(path)` did not say what it measured: \(answer.output)")
  }
}

/// What `xl list` prints: the domains of a Xen host.
struct DomainList {
  struct Domain: Equatable {
    /// `souk-catalog`.
    var name: String
    var identifier: Int
    var megabytes: Int
    var processors: Int
    /// Running, blocked, paused, shut down, crashed, dying: a letter each, or `-`.
    var state: String
    /// Of processor time that it has had.
    var seconds: String

    /// The state in words.
    var stateInWords: String {
      let words = ["running", "idle", "paused", "shut down", "crashed", "dying"]
      let set = zip(state, words).filter { $0.0 != "-" }.map(\.1)
      return set.isEmpty ? "waiting" : set.joined(separator: ", ")
    }
  }

  let domains: [Domain]

  /// Lines that are no domain's are left out, such as the heading.
  init(_ text: String) {
    domains = text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 6, let identifier = Int(words[1]), let megabytes = Int(words[2]),
        let processors = Int(words[3])
      else { return nil }
      return Domain(
        name: words[0], identifier: identifier, megabytes: megabytes, processors: processors,
        state: words[4], seconds: words[5])
    }
  }

  subscript(name: String) -> Domain? { domains.first { $0.name == name } }

  /// How long dom0 may take to answer: it shares one translated processor with the domains.
  static let askMilliseconds = 10_000

  /// Asks a lab's dom0; nil when it does not answer.
  static func ask(_ lab: Lab) -> DomainList? {
    guard let answer = Dom0Command.run("xl list", in: lab, within: askMilliseconds), answer.status == 0 else {
      return nil
    }
    return DomainList(answer.output)
  }
}

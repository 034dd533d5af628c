import Glibc

/// What the domains say on their consoles.
extension LabSupervisor {
  /// How long a trace's last address stays alone before somebody looks up what it means.
  static let traceMilliseconds = 300

  /// Reads what `feed` in dom0 sends.
  func followFeed() {
    guard let descriptor = UnixSocket.connect(lab.logSocket) else { return note("dom0 sends no logs") }
    feed = descriptor
    loop.whenReadable(descriptor) { [unowned self] in
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = read(feed, &chunk, chunk.count)
      if count > 0 {
        for line in feedSplitter.take(chunk[..<count]) { fed(line) }
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        loop.forget(feed)
        close(feed)
      }
    }
  }

  /// `souk-catalog LINE`.
  private func fed(_ line: [UInt8]) {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(decoding: parts[0], as: UTF8.self)
    guard let kind = ServiceKind.allCases.first(where: { manifest.xen.domain($0) == name }) else { return }
    let text = ManagedService.printable(parts.count > 1 ? Array(parts[1]) : [])
    keep(kind, text)
    let before = domainsWords[kind, default: []].suffix(ManagedService.rememberedLineCount - 1)
    domainsWords[kind] = before + [String(decoding: text, as: UTF8.self)]
    traces[kind, default: Backtrace()].take(text)
    guard let trace = traces[kind], !trace.addresses.isEmpty else { return }
    loop.cancel(traceTimers[kind])
    traceTimers[kind] = loop.after(Self.traceMilliseconds) { [unowned self] in
      traces[kind] = nil
      trace.symbolise("\(configuration.images)/\(kind.rawValue).debug", loop: loop) { [unowned self] in
        keep(kind, $0)
      }
    }
  }

  /// For a message about domains that do not start.
  func lastWordsOfDomain() -> String {
    guard let kind = startedDomain else { return "" }
    let lines = domainsWords[kind, default: []].map { "\n  " + $0 }
    let name = manifest.xen.domain(kind)
    return lines.isEmpty ? "; \(name) said nothing" : ". \(name) said last:" + lines.joined()
  }

  private func keep(_ kind: ServiceKind, _ line: [UInt8]) {
    logs[kind]?.append(line)
    if phase == .running, !configuration.isDetached { console.line(kind.rawValue, line) }
  }
}

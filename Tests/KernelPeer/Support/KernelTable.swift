import Glibc

/// The kernel's own view of the namespace's sockets.
enum KernelTable {
  /// The state of each socket of `protocol` ("tcp", "udp"), in the kernel's numbers. Of the calling thread's
  /// namespace.
  static func states(of protocol: String) -> [Int] {
    guard let file = fopen("/proc/thread-self/net/\(`protocol`)", "r") else { return [] }
    defer { fclose(file) }
    var states: [Int] = []
    var line = [CChar](repeating: 0, count: 512)
    _ = fgets(&line, Int32(line.count), file)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let words = text.split(separator: " ")
      if words.count > 3, let state = Int(words[3], radix: 16) { states.append(state) }
    }
    return states
  }
}

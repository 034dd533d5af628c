import Foundation
import Glibc

@testable import SoukKit

/// A folder as `souk deploy` writes it, beside programs that only play Xen's dom0: what they know is files in a folder,
/// and what changes something is written down. `sleep` passes no time.
final class FakeDom0 {
  let path: String
  var deployment: XenDeployment

  /// Everything but the disks, which are empty files here: up.sh only looks whether they are there.
  init(_ xen: String = "", only: [ServiceKind] = ServiceKind.allCases) throws {
    var template = Array("/tmp/souk-dom0-XXXXXX".utf8CString)
    mkdtemp(&template)
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    for folder in ["images", "bin", "state", "data"] { mkdir("\(path)/\(folder)", 0o700) }
    deployment = XenDeployment(folder: path + "/out", plan: try XenSample.plan(xen))
    deployment.images = path + "/images"
    let disks = path
    deployment.elsewhere = { "\(disks)/\($0.rawValue).disk" }
    for kind in ServiceKind.allCases {
      try Files.write(Array("the \(kind)".utf8), to: "\(path)/images/\(kind.rawValue).elf", mode: 0o644)
      try Files.write([], to: "\(path)/\(kind.rawValue).disk", mode: 0o600)
    }
    for kind in only { try deployment.write(DataFolder(path + "/data"), only: kind) }
    for (name, text) in Self.programs {
      try Files.write(Array(("#!/bin/sh\n" + text).utf8), to: "\(path)/bin/\(name)", mode: 0o755)
    }
    try add(interface: "xenbr0")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Makes the file `name` in the folder that the programs look at.
  func set(_ name: String, _ text: String = "") throws {
    try Files.write(Array(text.utf8), to: "\(path)/state/\(name)", mode: 0o600)
  }

  func add(interface name: String) throws { try set("interface-\(name)", "7: \(name): <UP>\n") }
  func isThere(_ name: String) -> Bool { Files.exists("\(path)/state/\(name)") }

  /// How long the script has slept.
  var seconds: Int { Files.byteCount("\(path)/state/seconds") ?? 0 }

  /// The domains that run.
  var domains: Set<String> {
    Set(Files.names(in: path + "/state")!.filter { $0.hasPrefix("domain-") }.map { String($0.dropFirst(7)) })
  }

  /// What was changed since the last call, one command a line.
  func takeLog() -> [String] {
    let lines = (Files.text(path + "/state/log") ?? "").split(separator: "\n").map(String.init)
    unlink(path + "/state/log")
    return lines
  }

  /// Runs the folder's `script`.
  func run(
    _ script: String, _ arguments: String..., shell: String = "/bin/sh", environment: [String: String] = [:],
    from folder: String = "/"
  ) throws -> (exitCode: Int32, words: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: shell)
    process.arguments = ["\(deployment.folder)/\(script)"] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ["PATH": "\(path)/bin:/usr/bin:/bin", "STATE": path + "/state"]
      .merging(environment) { _, new in new }
    let output = Pipe()
    process.standardError = output
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
  }

  /// What each program does. In `$STATE` are `domain-NAME` for each that runs and `interface-NAME` with its lines; how
  /// they misbehave, tests say by files of other names.
  private static let programs = [
    "xl": """
    case $1 in
      list) [ ! -e "$STATE/no-xen" ] ;;
      domid) [ -e "$STATE/domain-$2" ] ;;
      create)
        name=$(sed -n 's/^name = "\\(.*\\)"$/\\1/p' "$2")
        echo "$@" >>"$STATE/log"
        if [ -e "$STATE/no-memory-$name" ]; then echo "xl: no memory left" >&2; exit 1; fi
        >"$STATE/domain-$name"
        ;;
      shutdown)
        echo "$@" >>"$STATE/log"
        [ -e "$STATE/deaf-$2" ] || rm -f "$STATE/domain-$2"
        ;;
      destroy)
        echo "$@" >>"$STATE/log"
        # Somebody may be about to start it again.
        if [ -e "$STATE/tough-$2" ]; then rm "$STATE/tough-$2"; else rm -f "$STATE/domain-$2"; fi
        ;;
    esac
    """,
    // Ready unless a file says otherwise: `unready-ADDRESS` for ever, with what it answers, `slow-ADDRESS` with a dot for each refusal.
    "nc": """
    request=$(cat)
    case $request in "GET /readyz HTTP/1.1"*) ;; *) exit 1 ;; esac
    [ ! -e "$STATE/unready-$1" ] || { cat "$STATE/unready-$1"; exit 0; }
    if [ -s "$STATE/slow-$1" ]; then
      dots=$(cat "$STATE/slow-$1")
      printf '%s' "${dots#.}" >"$STATE/slow-$1"
      exit 1
    fi
    echo "ready $*" >>"$STATE/log"
    printf 'HTTP/1.1 200 OK\\r\\n\\r\\nready\\n'
    """,
    // `dies-at-sleep` names a domain that is gone when the first second has passed; `interrupts` is a signal that
    // whoever sleeps gets.
    "sleep": """
    echo >>"$STATE/seconds"
    if [ -e "$STATE/dies-at-sleep" ]; then rm -f "$STATE/domain-$(cat "$STATE/dies-at-sleep")"; fi
    if [ -e "$STATE/interrupts" ]; then kill -"$(cat "$STATE/interrupts")" $PPID; rm "$STATE/interrupts"; fi
    """,
    "timeout": """
    shift
    if [ -e "$STATE/silent" ]; then exit 143; fi
    exec "$@"
    """,
    "ip": """
    case "$*" in
      "link show") cat "$STATE"/interface-* ;;
      "link show dev "*) cat "$STATE/interface-$4" ;;
      "link add name "*" type bridge")
        [ ! -e "$STATE/no-bridges" ] || exit 2
        echo "$@" >>"$STATE/log"
        printf '9: %s: <UP>\\n    link/ether %s brd ff:ff:ff:ff:ff:ff\\n' "$4" "$6" >"$STATE/interface-$4"
        ;;
      "link del dev "*) echo "$@" >>"$STATE/log"; rm "$STATE/interface-$4" ;;
      "addr show dev "*) cat "$STATE/interface-$4" ;;
      "addr add "*) echo "$@" >>"$STATE/log"; echo "    inet $3 scope global $5" >>"$STATE/interface-$5" ;;
      "link set dev "*) ;;
      *) echo "ip: what is $*?" >&2; exit 1 ;;
    esac
    """,
    "brctl": "exit 1",
  ]
}

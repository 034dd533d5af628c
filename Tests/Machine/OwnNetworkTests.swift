import Bytes
import Glibc
import MachineTesting
import Testing

@testable import Machine

/// What `net.…` settings are refused for. The stack itself is tested over TAP by Tests/EndToEnd.
struct OwnNetworkTests {
  private static let whole = [
    "net.tap.fd": "3", "net.mac": "02:53:4f:55:4b:01", "net.address": "10.83.0.11/24",
    "net.gateway": "10.83.0.1",
  ]

  private func refusal(_ key: String, _ value: String) -> String? {
    var settings = Self.whole
    settings[key] = value
    return withLoop { [settings] machine in
      do throws(SettingsError) {
        _ = try OwnNetwork(
          Settings(KeyedLines(settings)), driver: EpollDriver(), loop: machine.loop, entropy: machine.entropy)
        return nil
      } catch { return error.description }
    }
  }

  @Test(arguments: [
    ("net.address", "10.83.0.11"), ("net.address", "10.83.0.11/0"), ("net.address", "10.83.0.11/33"),
    ("net.address", "10.83.0/24"), ("net.gateway", "nobody"), ("net.mac", "02:53:4f:55:4b"),
    ("net.mac", "ff:ff:ff:ff:ff:ff"), ("net.tap.fd", "three"),
  ])
  func `settings that are no place on a network are named`(_ key: String, _ value: String) {
    #expect(refusal(key, value)?.contains(key) == true)
  }

  @Test func `a descriptor that is no TAP interface is named`() {
    let file = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(file) }
    #expect(refusal("net.tap.fd", "\(file)") == "net.tap.fd=\(file) is not a TAP interface")
  }
}

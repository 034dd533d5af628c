import Testing

@testable import MachineSettings

struct SettingsModuleTests {
  private static let lines = Array("service=hello\nlisten.port=80\nshop.name=Çay & Söhne=1\n\n".utf8)
  private static let module = SettingsModule.render(lines)

  private func reason(_ module: [UInt8]) -> String? {
    do throws(SettingsError) {
      _ = try SettingsModule.parse(module.span.bytes)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `what was rendered is read`() throws {
    let settings = try SettingsModule.parse(Self.module.span.bytes)
    #expect(settings["service"] == "hello" && settings["listen.port"] == "80")
    #expect(settings["shop.name"] == "Çay & Söhne=1" && settings.all.count == 3)
    #expect(String(decoding: Self.module, as: UTF8.self).hasPrefix("souk-settings 1 56 "))
  }

  @Test func `zeros behind it are no damage`() throws {
    let settings = try SettingsModule.parse((Self.module + [UInt8](repeating: 0, count: 512)).span.bytes)
    #expect(settings["listen.port"] == "80")
  }

  @Test func `each byte that changes is seen`() {
    for index in Self.module.indices {
      var damaged = Self.module
      damaged[index] ^= 1
      #expect(reason(damaged) != nil, "byte \(index)")
    }
  }

  @Test func `each cut is seen`() {
    for count in 0..<Self.module.count {
      #expect(reason(Array(Self.module[..<count])) != nil, "\(count) bytes")
    }
  }

  @Test func `what is wrong is said`() {
    #expect(reason([])!.contains("no boot module"))
    #expect(reason(Array("#!/bin/sh\n".utf8))!.contains("not one of Souk's settings"))
    #expect(reason(Array("souk-settings 2 0 00000000\n".utf8))!.contains("has version 2"))
    #expect(reason(Array("souk-settings 1 5 00000000\nabc".utf8))!.contains("cut short"))
    #expect(reason(Array("souk-settings 1 -1 00000000\nabc".utf8))!.contains("cut short"))
    #expect(reason(Array("souk-settings 1 3 00000000\nabc".utf8))!.contains("damaged"))
    #expect(reason(SettingsModule.render([0x61, 0x3d, 0xff]))!.contains("UTF-8"))
    #expect(
      reason(SettingsModule.render(Array("a=1\nbc\n".utf8)))!.contains("boot module:2: expected key=value"))
    #expect(
      reason(SettingsModule.render(Array("a=1\na=2\n".utf8)))!.contains("boot module:2: a stands there twice")
    )
  }

  @Test func `64 KiB are read, one byte more is not`() {
    let most = Array("a=".utf8) + [UInt8](repeating: 0x78, count: Settings.maximumByteCount - 2)
    #expect(reason(SettingsModule.render(most)) == nil)
    #expect(reason(SettingsModule.render(most + [0x78])) != nil)
  }
}

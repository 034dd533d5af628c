import JSON
import Testing

@Suite struct MisuseTests {
  @Test func `a value without a key in an object traps`() async {
    await #expect(processExitsWith: .failure) {
      var writer = JSONWriter()
      writer.object { $0.value(1) }
    }
  }

  @Test func `a key without its value traps`() async {
    await #expect(processExitsWith: .failure) {
      var writer = JSONWriter()
      writer.object { $0.key("a") }
    }
  }

  @Test func `two keys in a row trap`() async {
    await #expect(processExitsWith: .failure) {
      var writer = JSONWriter()
      writer.object {
        $0.key("a")
        $0.key("b")
      }
    }
  }

  @Test func `a key outside an object traps`() async {
    await #expect(processExitsWith: .failure) {
      var writer = JSONWriter()
      writer.array { $0.key("a") }
    }
  }

  @Test func `a second document traps`() async {
    await #expect(processExitsWith: .failure) {
      var writer = JSONWriter()
      writer.value(1)
      writer.value(2)
    }
  }

  @Test func `a number that is not finite traps`() async {
    await #expect(processExitsWith: .failure) {
      var writer = JSONWriter()
      writer.value(Double.nan)
    }
  }
}

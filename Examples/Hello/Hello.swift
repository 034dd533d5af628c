import HTTP
import HTTPCore
import Souk

/// The smallest unikernel: it says hello to whoever asks. `./souk run hello --target qemu` boots it,
/// `./souk run hello` runs it as a Linux process.
@main
enum Hello {
  static func main() {
    Program.serve("hello") { request in
      switch request.method {
      case .get, .head: .text(.ok, "hello\r\n")
      default: Response(.methodNotAllowed, fields: [("allow", "GET, HEAD")])
      }
    }
  }
}

import SoukKit

@main
enum Main {
  static func main() { Souk.start() }
}

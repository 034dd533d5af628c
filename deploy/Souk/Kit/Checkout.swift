import Glibc

/// Where this program's sources and siblings are.
enum Checkout {
  /// The folder of the running executable; the services' executables lie beside it.
  static let executables: String = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(decoding: buffer[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
  }()

  /// The root of the checkout: the nearest folder above the executable, else the working directory, that
  /// holds deploy/shop.yaml.
  static let root: String = {
    var folder = executables
    while !folder.isEmpty {
      if Files.exists(folder + "/deploy/shop.yaml") { return folder }
      folder = folder.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }
    return Files.workingDirectory()
  }()

  /// Where deploy/unikernel/build puts images: NAME.elf, and NAME.debug with symbols.
  static let images = root + "/.build-unikernel/images"
  static let manifest = root + "/deploy/shop.yaml"
  static let defaultDataFolder = root + "/.souk"
  static let demoCatalog = root + "/deploy/demo/products.jsonl"
  static let demoImages = root + "/deploy/demo/images"
  /// This program, as the services and a detached supervisor are started by it.
  static let program = executables + "/souk"
}

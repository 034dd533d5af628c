import CXlUtil
import Glibc

/// A domain's configuration as xl itself reads it, by its own library.
final class XLConfiguration {
  private let parsed: OpaquePointer
  private let report: UnsafeMutablePointer<FILE>

  /// Nil where xl would refuse the text.
  init?(_ text: String) {
    report = tmpfile()
    parsed = xlu_cfg_init(report, "test")
    if xlu_cfg_readdata(parsed, text, Int32(text.utf8.count)) != 0 { return nil }
  }

  deinit {
    xlu_cfg_destroy(parsed)
    fclose(report)
  }

  /// Whether xl has had nothing to complain about.
  var isSilent: Bool { ftell(report) == 0 }

  func text(_ key: String) -> String? {
    var value: UnsafePointer<CChar>?
    guard xlu_cfg_get_string(parsed, key, &value, 0) == 0, let value else { return nil }
    return String(cString: value)
  }

  func number(_ key: String) -> Int? {
    var value = 0
    return xlu_cfg_get_long(parsed, key, &value, 0) == 0 ? value : nil
  }

  func list(_ key: String) -> [String] {
    var list: OpaquePointer?
    var count: Int32 = 0
    guard xlu_cfg_get_list(parsed, key, &list, &count, 0) == 0 else { return [] }
    return (0..<count).map { String(cString: xlu_cfg_get_listitem(list, $0)) }
  }

  struct Disk: Equatable {
    var path: String
    var name: String
    var isRaw: Bool
    var isServedByKernel: Bool
    var isWritable: Bool
  }

  /// A disk's text as libxl takes it; nil where it would be refused.
  func disk(_ text: String) -> Disk? {
    var disk = libxl_device_disk()
    libxl_device_disk_init(&disk)
    defer { libxl_device_disk_dispose(&disk) }
    let isRead = text.withCString { text in
      var specification: UnsafePointer<CChar>? = text
      return xlu_disk_parse(parsed, 1, &specification, &disk) == 0
    }
    guard isRead else { return nil }
    return Disk(
      path: String(cString: disk.pdev_path), name: String(cString: disk.vdev),
      isRaw: disk.format == LIBXL_DISK_FORMAT_RAW, isServedByKernel: disk.backend == LIBXL_DISK_BACKEND_PHY,
      isWritable: disk.readwrite != 0)
  }
}

// CycloneDX 1.5 (JSON) before changing this file.

/// What an image contains, for people and programs that must know. The same image has the same one, byte for byte.
struct BillOfMaterials: Encodable {
  struct Component: Encodable {
    struct License: Encodable {
      struct Name: Encodable { var name: String }
      var license: Name
    }

    var type: String
    var name: String
    var version: String?
    var licenses: [License]?
  }

  struct Metadata: Encodable { var component: Component }

  var bomFormat = "CycloneDX"
  var specVersion = "1.5"
  var version = 1
  var metadata: Metadata
  var components: [Component]

  init(_ report: ImageReport) {
    metadata = Metadata(
      component: Component(type: "firmware", name: report.name, version: VersionReport.version, licenses: nil)
    )
    components = report.components.map {
      Component(
        type: "library", name: $0.name, version: $0.version,
        licenses: [.init(license: .init(name: $0.license))])
    }
  }

  func write(to path: String) throws(Failure) {
    try Files.write(Array((StatusReport.encode(self) + "\n").utf8), to: path, mode: 0o644)
  }
}

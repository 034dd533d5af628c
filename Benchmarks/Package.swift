// swift-tools-version: 6.2
// Measurements, apart from the shop so that nobody who builds the shop builds these.
// Run one: swift run -c release --package-path Benchmarks storage-benchmark

import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "Souk", path: "..")],
  targets: [
    .executableTarget(
      name: "storage-benchmark",
      dependencies: [.product(name: "Runtime", package: "Souk"), .product(name: "CSQLite", package: "Souk")],
      path: "Storage",
      swiftSettings: settings)
  ]
)

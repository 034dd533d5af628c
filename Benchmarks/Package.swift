// swift-tools-version: 6.2
// Measurements, apart from the shop so that nobody who builds the shop builds these.
// Run one: swift run -c release --package-path Benchmarks storage-benchmark

import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "Souk", path: ".."),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "storage-benchmark",
      dependencies: [.product(name: "Runtime", package: "Souk"), .product(name: "CSQLite", package: "Souk")],
      path: "Storage",
      swiftSettings: settings),
    .executableTarget(
      name: "http-types-benchmark",
      dependencies: [
        .product(name: "Net", package: "Souk"), .product(name: "Runtime", package: "Souk"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      path: "HTTPTypes",
      exclude: ["measure"],
      swiftSettings: settings),
  ]
)

// swift-tools-version: 6.2
// The module graph of ../shared/design/house.md, and nothing else. `swift build
// --explicit-target-dependency-import-check error` keeps a target from importing what it does not list.

import PackageDescription

/// Every Souk target: Swift 6 concurrency checks, warnings are errors, and spans returned from properties.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Set by deploy/unikernel/build: this is the graph of an image, where the machine is `Machine/Unikernel`. A plain
/// `swift build` never sees boot code, which defines symbols of the C library.
let isImage = Context.environment["SOUK_IMAGE"] == "1"

/// What every request or segment passes through. There the optimiser may make a function anew for each closure that is
/// passed to it; elsewhere an image is smaller when it calls the one function and the closure (18 KB of the gateway).
let hotModules: Set<String> = [
  "Bytes", "EventLoop", "HTTP", "HTTPCore", "Netfront", "NetworkStack", "Platform", "TCP", "Virtio", "Wire",
  "XenRing",
]

func settings(of name: String) -> [SwiftSetting] {
  guard isImage, !hotModules.contains(name) else { return settings }
  let passes = ["closure-specialize", "capture-prop"]
  return settings + [.unsafeFlags(passes.flatMap { ["-Xllvm", "-sil-disable-pass=" + $0] })]
}

func library(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings(of: name))
}

/// A service: linked statically with the Swift runtime, so that it starts at once and shares nothing to break.
func service(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: path, swiftSettings: settings(of: name),
    linkerSettings: isImage ? [] : [.unsafeFlags(["-static-stdlib"])])
}

func tests(_ subject: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: subject + "Tests", dependencies: [.init(stringLiteral: subject)] + dependencies,
    path: "Tests/" + subject, swiftSettings: settings)
}

let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

let processMachine = library(
  "Machine", "Shared/Runtime/Machine/Process",
  [
    "Bytes", "CLinux", "EventLoop", "Log", "MachineSettings", "MachineTap", "NetworkStack", "Platform",
    "Wire",
    deque,
  ])

let imageMachine = library(
  "Machine", "Shared/Runtime/Machine/Unikernel",
  [
    "Blkfront", "Bytes", "CBoot", "Cryptography", "EventLoop", "Hypervisor", "Log", "MachineSettings",
    "Netfront", "NetworkStack", "Platform", "TCP", "Virtio", "Wire", "XenBus", "XenRing", "XenStore", deque,
  ])

let processSQLite = Target.systemLibrary(
  name: "CSQLite", path: "Shared/Runtime/CSQLite", pkgConfig: "sqlite3",
  providers: [.apt(["libsqlite3-dev"])])

/// Compiled with the image, from what deploy/unikernel/sqlite makes. For size: its text is two thirds of -O2's. With
/// canaries, as it is by far the most C in an image: said to the compiler proper, as the toolset's flags come later.
let imageSQLite = Target.target(
  name: "CSQLite", path: "Shared/Runtime/CSQLite/Image",
  cSettings: [.unsafeFlags(["-Os", "-w", "-Xclang", "-stack-protector", "-Xclang", "2"])])

/// What only an image build has.
let imageTargets: [Target] = [
  // As small as can be: it runs once. CBoot's heap is asked all the time, so CBoot only leaves out what -O2 adds.
  .target(
    name: "CHypervisor", path: "Shared/Xen/CHypervisor", cSettings: [.unsafeFlags(["-Oz"])]),
  library(
    "Hypervisor", "Shared/Xen/Hypervisor",
    ["Bytes", "CHypervisor", "EventLoop", "Platform", "XenRing", "XenStore"]),
  .target(
    name: "CReferences", path: "Shared/Runtime/CReferences",
    cSettings: [.unsafeFlags(["-Os", "-flto", "-g0"])]),
  .target(
    name: "CBoot", dependencies: ["CHypervisor", "CReferences"], path: "Shared/Runtime/CBoot",
    cSettings: [.unsafeFlags(["-Os"])]),
  .target(name: "CProbe", path: "Tests/Unikernel/CProbe"),
  .executableTarget(
    name: "boot", dependencies: ["CProbe", "EventLoop", "Machine", "Platform"],
    path: "Tests/Unikernel/Image", swiftSettings: settings),
  .executableTarget(
    name: "devices", dependencies: ["CBoot", "EventLoop", "Machine", "Platform", "Virtio"],
    path: "Tests/Unikernel/Devices", swiftSettings: settings),
  .executableTarget(
    name: "transfer", dependencies: ["EventLoop", "Log", "Machine", "MachineSettings", "Platform"],
    path: "Tests/Unikernel/Transfer", swiftSettings: settings),
  .executableTarget(
    name: "boot-sqlite", dependencies: ["CSQLite", "EventLoop", "Machine", "Platform"],
    path: "Tests/Unikernel/SQLite", swiftSettings: settings),
]

/// What every service is built from. `Machine` is not among it: only a service's Main chooses a machine.
let serviceParts: [Target.Dependency] = [
  "Bytes", "Platform", "EventLoop", "Log", "Cryptography", "JSON", "HTTPCore", "HTTP", "Shop",
]

/// The tests and what they share. A list of its own, as the compiler infers the type of one expression for so long only.
let testTargets: [Target] = [
  library(
    "MachineTesting", "Tests/Support/MachineTesting",
    ["Bytes", "CLinux", "EventLoop", "Log", "Machine", "Platform"]),
  tests("Bytes"),
  tests("EventLoop", ["Machine", "MachineTesting", "Platform"]),
  tests("Log", ["Platform"]),
  tests("Cryptography", ["Platform"]),
  tests("Compression", ["Bytes", "NetworkSimulation"]),
  library("DiskSimulation", "Tests/Support/DiskSimulation", ["Platform"]),
  tests("Disk", ["Bytes", "DiskSimulation", "Platform"]),
  tests("Storage", ["CSQLite", "Disk", "DiskSimulation", "EventLoop", "Log", "Platform"]),
  tests("MachineSettings", ["Platform", "Wire"]),
  tests("Machine", ["Bytes", "EventLoop", "Platform", "MachineTesting"]),
  tests("MachineTap", ["Bytes", "EventLoop", "Machine", "MachineTesting", "Platform"]),
  library("WireWalk", "Tests/Support/WireWalk", ["Bytes", "Wire"]),
  .testTarget(
    name: "WireTests", dependencies: ["Wire", "Bytes", "WireWalk"], path: "Tests/Wire",
    exclude: ["Captures"], swiftSettings: settings),
  library(
    "NetworkSimulation", "Tests/Support/NetworkSimulation",
    ["Bytes", "EventLoop", "NetworkStack", "Platform", "TCP", "Wire", deque, heap]),
  .executableTarget(
    name: "SimulateMain", dependencies: ["NetworkSimulation"], path: "Tests/Support/Simulate/Main",
    swiftSettings: settings),
  .testTarget(
    name: "SimulationTests",
    dependencies: ["Bytes", "EventLoop", "NetworkSimulation", "NetworkStack", "Platform", "TCP", "Wire"],
    path: "Tests/Simulation", exclude: ["Goodput.txt"], swiftSettings: settings),
  tests("TCP", ["Bytes", "Platform", "Wire"]),
  tests(
    "NetworkStack",
    ["Bytes", "EventLoop", "MachineTesting", "NetworkSimulation", "Platform", "TCP", "Wire"]),
  .testTarget(
    name: "KernelPeerTests",
    dependencies: [
      "Bytes", "CLinux", "EventLoop", "HTTP", "HTTPCore", "Log", "Machine", "MachineTap", "MachineTesting",
      "NetworkSimulation", "NetworkStack", "Platform", "TCP", "Wire",
    ], path: "Tests/KernelPeer", swiftSettings: settings),
  library("DeviceTesting", "Tests/Support/DeviceTesting", ["Platform"]),
  library(
    "XenSimulation", "Tests/Support/XenSimulation", ["CXen", "DeviceTesting", "Platform", "XenRing"]),
  tests("Virtio", ["DeviceTesting", "Platform"]),
  tests("XenRing", ["CXen", "DeviceTesting", "Platform", "XenSimulation"]),
  tests("Netfront", ["CXen", "DeviceTesting", "Platform", "XenRing", "XenSimulation"]),
  library(
    "XenStoreSimulation", "Tests/Support/XenStoreSimulation",
    ["CXen", "EventLoop", "NetworkSimulation", "Platform", "XenRing", "XenStore"]),
  tests("XenStore", ["EventLoop", "NetworkSimulation", "Platform", "XenRing", "XenStoreSimulation"]),
  tests("XenBus", ["EventLoop", "Platform", "XenRing", "XenStore", "XenStoreSimulation"]),
  tests("Blkfront", ["CXen", "DeviceTesting", "Platform", "XenRing", "XenSimulation"]),
  tests("JSON", ["Bytes"]),
  tests("HTTPCore", ["Bytes"]),
  tests("HTTP", ["Bytes", "EventLoop", "HTTPCore", "JSON", "Log", "Machine", "Platform", "MachineTesting"]),
  tests("Shop", ["Bytes", "EventLoop", "JSON", "HTTP", "HTTPCore", "Log", "MachineTesting", "Platform"]),
  tests("Catalog", ["CatalogAPI", "Machine", "Storage", "MachineTesting"] + serviceParts),
  tests("Cart", ["CartAPI", "CatalogAPI", "Machine", "Storage", "MachineTesting"] + serviceParts),
  tests(
    "Checkout",
    ["CheckoutAPI", "CartAPI", "CatalogAPI", "Machine", "Storage", "MachineTesting"] + serviceParts),
  tests(
    "Gateway",
    ["Catalog", "CatalogAPI", "Cart", "CartAPI", "Checkout", "CheckoutAPI", "Machine", "MachineTesting"]
      + serviceParts),
  .systemLibrary(name: "CXlUtil", path: "Tests/Support/CXlUtil", providers: [.apt(["libxen-dev"])]),
  tests(
    "SoukKit",
    [
      "Bytes", "CSQLite", "CXlUtil", "Disk", "EventLoop", "HTTPCore", "JSON", "Machine",
      "MachineSettings", "MachineTesting", "NetworkStack", "Platform", "Shop", "Wire",
    ]),
  .testTarget(
    name: "EndToEndTests",
    dependencies: ["Cryptography", "HTTPCore", "JSON", "MachineSettings", "SoukKit"],
    path: "Tests/EndToEnd",
    swiftSettings: settings),
  tests("ImageOptimizer"),
  .testTarget(name: "HouseTests", path: "Tests/House", swiftSettings: settings),
]

let package = Package(
  name: "Souk",
  products: [
    .executable(name: "souk", targets: ["SoukMain"]),
    .executable(name: "catalog", targets: ["CatalogMain"]),
    .executable(name: "cart", targets: ["CartMain"]),
    .executable(name: "checkout", targets: ["CheckoutMain"]),
    .executable(name: "gateway", targets: ["GatewayMain"]),
    .executable(name: "hello", targets: ["HelloMain"]),
    .executable(name: "simulate", targets: ["SimulateMain"]),
    .executable(name: "bench-net", targets: ["BenchNet"]),
    // For programs beside the shop (docs/unikernel.md). deploy/unikernel/build knows by "Storage" that SQLite is wanted.
    .library(
      name: "Souk",
      targets: [
        "Souk", "Bytes", "Cryptography", "EventLoop", "HTTP", "HTTPCore", "JSON", "Log", "Machine",
        "MachineSettings", "Platform",
      ]),
    .library(name: "Storage", targets: ["Storage"]),
    // For Benchmarks, a package of its own.
    .library(
      name: "Runtime",
      targets: ["Bytes", "Platform", "EventLoop", "Log", "Cryptography", "Storage", "Machine"]),
    .library(name: "CSQLite", targets: ["CSQLite"]),
    .library(name: "Net", targets: ["JSON", "HTTPCore", "HTTP"]),
    .library(name: "NetworkSimulation", targets: ["NetworkSimulation"]),
  ],
  traits: [
    .trait(name: "Process", description: "Services are Linux processes."),
    .trait(name: "Unikernel", description: "Services are images: Embedded Swift, no operating system."),
    .default(enabledTraits: ["Process"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Runtime
    library("Bytes", "Shared/Runtime/Bytes"),
    library("Platform", "Shared/Runtime/Platform"),
    library("EventLoop", "Shared/Runtime/EventLoop", ["Platform"]),
    library("Log", "Shared/Runtime/Log", ["Bytes", "Platform"]),
    .systemLibrary(name: "CBearSSL", path: "Shared/Runtime/CBearSSL", providers: [.apt(["libbearssl-dev"])]),
    library("Cryptography", "Shared/Runtime/Cryptography", ["Bytes", "CBearSSL", "Platform"]),
    library("Compression", "Shared/Runtime/Compression", ["Bytes"]),
    isImage ? imageSQLite : processSQLite,
    library("Disk", "Shared/Runtime/Disk", ["Bytes", "Platform"]),
    library(
      "Storage", "Shared/Runtime/Storage",
      ["Bytes", "CSQLite", "Disk", "EventLoop", "Log", "Platform", deque]),
    .target(name: "CLinux", path: "Shared/Runtime/CLinux"),
    library("MachineTap", "Shared/Runtime/Machine/Tap", ["CLinux", "Platform"]),
    library(
      "MachineSettings", "Shared/Runtime/Machine/Settings", ["Bytes", "Log", "Platform", "Wire"]),
    isImage ? imageMachine : processMachine,

    // Net
    library("Wire", "Shared/Net/Wire", ["Bytes"]),
    library("TCP", "Shared/Net/TCP", ["Bytes", "Platform", "Wire"]),
    library(
      "NetworkStack", "Shared/Net/NetworkStack", ["Bytes", "EventLoop", "Platform", "TCP", "Wire", deque]),
    library("JSON", "Shared/Net/JSON", ["Bytes"]),
    library("HTTPCore", "Shared/Net/HTTPCore", ["Bytes"]),
    library("HTTP", "Shared/Net/HTTP", ["Bytes", "EventLoop", "HTTPCore", "Log", "Platform"]),

    // Virtio
    .target(name: "CVirtio", path: "Shared/Virtio/CVirtio"),
    .target(
      name: "Virtio", dependencies: ["Bytes", "CVirtio", "Platform"], path: "Shared/Virtio",
      exclude: ["CVirtio"],
      swiftSettings: settings),

    // Xen
    .systemLibrary(name: "CXen", path: "Shared/Xen/CXen", providers: [.apt(["libxen-dev"])]),
    library("XenRing", "Shared/Xen/XenRing", ["Bytes", "CXen", "Platform"]),
    library("Netfront", "Shared/Xen/Netfront", ["Bytes", "CXen", "Platform", "XenRing"]),
    library("XenStore", "Shared/Xen/XenStore", ["Bytes", "CXen", "EventLoop", "Platform", "XenRing"]),
    library("XenBus", "Shared/Xen/XenBus", ["Bytes", "EventLoop", "Platform", "XenRing", "XenStore"]),
    library("Blkfront", "Shared/Xen/Blkfront", ["Bytes", "CXen", "Platform", "XenRing"]),

    // Services
    library(
      "Shop", "Services/Shop",
      ["Bytes", "Cryptography", "EventLoop", "HTTP", "HTTPCore", "JSON", "Log", "Platform", "Wire"]),
    library(
      "CatalogAPI", "Services/Catalog/API",
      ["Bytes", "EventLoop", "HTTP", "HTTPCore", "JSON", "Platform", "Shop"]),
    library("Catalog", "Services/Catalog/Service", ["CatalogAPI", "Storage"] + serviceParts),
    service(
      "CatalogMain", "Services/Catalog/Main",
      ["Bytes", "Catalog", "HTTP", "EventLoop", "Machine", "MachineSettings", "Platform", "Shop", "Storage"]),
    library(
      "CartAPI", "Services/Cart/API", ["Bytes", "EventLoop", "HTTP", "HTTPCore", "JSON", "Platform", "Shop"]),
    library("Cart", "Services/Cart/Service", ["CartAPI", "CatalogAPI", "Storage"] + serviceParts),
    service(
      "CartMain", "Services/Cart/Main",
      ["Cart", "EventLoop", "Machine", "MachineSettings", "Platform", "Shop"]),
    library(
      "CheckoutAPI", "Services/Checkout/API", ["Bytes", "HTTP", "HTTPCore", "JSON", "Platform", "Shop"]),
    library(
      "Checkout", "Services/Checkout/Service",
      ["CheckoutAPI", "CartAPI", "CatalogAPI", "Storage"] + serviceParts),
    service(
      "CheckoutMain", "Services/Checkout/Main",
      ["Bytes", "Checkout", "HTTP", "EventLoop", "Machine", "MachineSettings", "Platform", "Shop", "Storage"]),
    .target(
      name: "GatewayAssets", path: "Services/Gateway/Assets",
      exclude: ["openapi.json", "openapi.json.gz", "style.css", "style.css.gz"]),
    library(
      "Gateway", "Services/Gateway/Service",
      ["CatalogAPI", "CartAPI", "CheckoutAPI", "Compression", "GatewayAssets"] + serviceParts),
    service(
      "GatewayMain", "Services/Gateway/Main",
      ["EventLoop", "Gateway", "HTTP", "Machine", "MachineSettings", "Platform", "Shop"]),

    // What programs beside the shop begin with
    library(
      "Souk", "Shared/Souk",
      ["Bytes", "EventLoop", "HTTP", "HTTPCore", "JSON", "Log", "Machine", "MachineSettings", "Platform"]),

    // Examples
    service("HelloMain", "Examples/Hello", ["HTTP", "HTTPCore", "Souk"]),

    // The command line
    library(
      "SoukKit", "deploy/Souk/Kit",
      [
        "Bytes", "CLinux", "CSQLite", "Cryptography", "Disk", "EventLoop", "HTTPCore", "JSON", "Log",
        "Machine", "MachineSettings", "MachineTap", "NetworkStack", "Platform", "Storage", "Wire",
        .product(name: "Yams", package: "Yams"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "SoukMain",
      dependencies: ["SoukKit", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "deploy/Souk/Main", swiftSettings: settings),

    // What deploy/unikernel/link runs; deploy/unikernel/build compiles it without a package, in seconds.
    .executableTarget(name: "ImageOptimizer", path: "deploy/ImageOptimizer", swiftSettings: settings),

    service(
      "BenchNet", "deploy/Souk/BenchNet",
      [
        "Bytes", "CLinux", "EventLoop", "Machine", "MachineTap", "NetworkSimulation", "NetworkStack",
        "Platform", "TCP", "Wire",
      ]),
  ] + testTargets + (isImage ? imageTargets : [])
)

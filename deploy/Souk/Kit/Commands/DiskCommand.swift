import ArgumentParser
import Disk
import Glibc

struct DiskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disk", abstract: "Make and look at the disks on which images keep their databases.",
    discussion: """
      A disk is a file or a block device with one service's database on it, in Souk's own layout. An image has \
      nothing else to write to; a Linux process can use one, too (database.disk in its settings). A shop's disk is \
      locked while it runs.

      To move a shop's catalog from a process into an image, with the shop stopped:
        souk disk create catalog.disk --service catalog --size 256M
        souk disk import .souk/databases/catalog.sqlite catalog.disk
        souk disk inspect catalog.disk

      To make a disk larger, stop the shop and make the file larger: truncate -s 1G catalog.disk
      """,
    subcommands: [
      DiskCreateCommand.self, DiskInspectCommand.self, DiskExportCommand.self, DiskImportCommand.self,
    ])
}

struct DiskCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an empty disk for one service.",
    discussion: """
      The file belongs to you alone (0600) and takes its whole size at once. For a block device leave out --size; \
      it needs --force, since whatever is on it is lost. At least 1M; what is beyond 16G is not used.
      """)

  @Argument(help: "The file or block device.")
  var path: String

  @Option(
    help:
      "Whose disk it is: \(ServiceKind.allCases.filter(\.keepsData).map(\.rawValue).joined(separator: ", "))."
  )
  var service: String

  @Option(help: "Bytes, or with K, M or G; 64M if it is left out.")
  var size: ByteSize?

  @Flag(help: "Replace what is there.")
  var force = false

  func validate() throws {
    guard let kind = ServiceKind(rawValue: service), kind.keepsData else {
      let names = ServiceKind.allCases.filter(\.keepsData).map(\.rawValue).joined(separator: ", ")
      throw ValidationError("no service \(service) keeps a database; there are \(names)")
    }
    if let size, size.byteCount < DiskLayout.minimumByteCount || size.byteCount % 4096 != 0 {
      throw ValidationError("--size must be at least 1M, and whole blocks of 4K")
    }
  }

  func run() throws {
    let byteCount = try DiskImage.create(path, service: service, byteCount: size?.byteCount, force: force)
    Console().print("made \(Files.shown(path)), \(byteCount >> 20) MiB, for \(service)")
  }
}

/// `64M` on the command line, in powers of 1024.
struct ByteSize: ExpressibleByArgument, Equatable {
  let byteCount: Int

  init?(argument: String) {
    var digits = Substring(argument)
    var unit = 1
    if let last = digits.last, let power = ["K", "M", "G"].firstIndex(of: last.uppercased()) {
      digits = digits.dropLast()
      unit = 1 << (10 * (power + 1))
    }
    guard let number = Int(digits), number > 0 else { return nil }
    let (byteCount, overflow) = number.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    self.byteCount = byteCount
  }
}

struct DiskInspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show whose disk it is, how full, and whether its database is sound.",
    discussion: "Changes nothing. Exit code 0: sound; 1: damaged, or no disk of Souk's.")

  @Argument(help: "The file or block device.")
  var path: String

  @Flag(help: "For scripts.")
  var json = false

  func run() throws {
    let report = try DiskReport(path)
    Console().print(json ? try StatusReport.encode(report) : report.text)
    if !report.isSound { Glibc.exit(ExitCode.degraded) }
  }
}

struct DiskExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Copy the database on a disk into a file that SQLite can open.",
    discussion: """
      The disk is left as it is; its log is in the copy. The copy is checked first, and its mode is 0600. It is also \
      the backup of a service.
      """)

  @Argument(help: "The file or block device.")
  var disk: String

  @Argument(help: "The file to write.")
  var file: String

  @Flag(help: "Replace the file.")
  var force = false

  func run() throws {
    try DiskImage.export(disk, to: file, force: force)
    Console().print("wrote \(Files.shown(file)), \(Console.megabytes(Files.byteCount(file)))")
  }
}

struct DiskImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Put a database file onto a disk.",
    discussion: """
      The file is left as it is; if a log (-wal) is beside it, that counts. The disk has the old database or the \
      new one, whatever happens on the way.
      """)

  @Argument(help: "A database of the disk's service.")
  var file: String

  @Argument(help: "The file or block device, made with `souk disk create`.")
  var disk: String

  @Flag(help: "Replace the database that the disk holds.")
  var force = false

  func run() throws {
    let byteCount = try DiskImage.import(file, to: disk, force: force)
    Console().print("put \(Files.shown(file)), \(Console.megabytes(byteCount)), onto \(Files.shown(disk))")
  }
}

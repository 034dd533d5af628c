/// How far an import is.
struct ImportProgress: Equatable {
  /// Products answered for, of those in the file.
  var done = 0
  var total = 0
  /// Pictures uploaded so far.
  var pictures = 0
}

/// What an import came to.
struct ImportReport: Equatable {
  /// A row that was not imported, and why.
  struct Remark: Equatable {
    let row: Int
    let reason: String
  }

  /// Rows in the file, without the header.
  var rows = 0
  var created = 0
  var updated = 0
  var unchanged = 0
  /// Rows that only add images.
  var imageRows = 0
  /// Pictures uploaded.
  var pictures = 0
  /// Rows left out on purpose.
  var skipped: [Remark] = []
  /// Rows that could not be imported, by the file's or by the shop's judgement, and pictures that were refused.
  var problems: [Remark] = []
}

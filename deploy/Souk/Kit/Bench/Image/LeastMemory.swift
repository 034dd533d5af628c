/// Looks for the least memory with which an image starts and serves.
enum LeastMemory {
  /// An image begins at 1 MB.
  static let lowestMegabytes = 2

  /// Whole megabytes, by halving what is left between one that does not serve and one that does.
  static func find(_ image: MeasuredImage, requestCount: Int) throws(Failure) -> Int {
    var high = MachinePlan(accelerator: .tcg).megabytes(image.kind)
    guard serves(image, high, requestCount) else {
      throw Failure("\(image.kind.rawValue) does not serve with \(high) MB")
    }
    var low = lowestMegabytes - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if serves(image, middle, requestCount) { high = middle } else { low = middle }
    }
    return high
  }

  /// From an empty disk on, so that the schema is made with it too.
  private static func serves(_ image: MeasuredImage, _ megabytes: Int, _ requestCount: Int) -> Bool {
    do throws(Failure) {
      try image.makeDisk()
      let guest = try image.start(megabytes: megabytes)
      defer { guest.stop() }
      try guest.waitForWords(MeasuredImage.readyWords)
      for _ in 0..<requestCount { try guest.send("/livez", port: image.livezPort, timeout: .seconds(2)) }
      return true
    } catch {
      return false
    }
  }
}

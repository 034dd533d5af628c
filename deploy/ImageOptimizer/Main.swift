import Foundation

/// `image-optimizer LISTING RESULT`: makes an image's assembly smaller. deploy/unikernel/link runs it.
@main
enum Main {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else {
      fail("usage: image-optimizer LISTING RESULT", status: 2)
    }
    do {
      let listing = Array(try Data(contentsOf: URL(filePath: arguments[1])))
      try Data(optimized(listing)).write(to: URL(filePath: arguments[2]))
    } catch {
      fail("image-optimizer: \(error.localizedDescription)", status: 1)
    }
  }

  private static func fail(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(status)
  }
}

/// The listing after every pass. What was outlined repeats in its turn: functions that end alike, calls of one of them
/// behind the same instructions. A third round would save a tenth of the second.
func optimized(_ listing: [UInt8]) -> [UInt8] {
  let frames = AsyncFrames.optimized(Assembly(listing))
  let traps = InPlaceTraps.optimized(Assembly(frames))
  let outlined = Outliner(leastGain: 1, round: 1).optimized(Assembly(traps))
  return Outliner(leastGain: 1, round: 2).optimized(Assembly(outlined))
}

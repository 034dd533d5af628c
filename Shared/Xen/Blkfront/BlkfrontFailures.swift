import XenRing

/// What a backend may not say: each is named, for the console and for tests.
extension XenError {
  static let unflushable = XenError(
    "the disk cannot flush: no write could be called durable (neither feature-flush-cache nor feature-barrier)"
  )
  static let readOnly = XenError("the disk cannot be written to (xl: access=rw)")
  static let badSectorSize = XenError("the disk's sector size is out of range")
  static let badCapacity = XenError("the disk's capacity is out of range")
  static let sectorSizeChanged = XenError("the disk's sector size is not what it was")
  static let shrunk = XenError("the disk is smaller than it was")
  static let becameReadOnly = XenError("the disk can no longer be written to")
  static let shorterRequests = XenError("the disk takes shorter requests than before, and longer ones wait")

  static let diskIndexRanAway = XenError("disk ring: the response index ran away")
  static let diskIdentifier = XenError("disk ring: a response for what is not in flight")
  static let diskOperation = XenError("disk ring: a response for another operation")
  static let diskStatus = XenError("disk ring: a status that is none")
  static let diskAbandoned = XenError("the disk does not answer")
}

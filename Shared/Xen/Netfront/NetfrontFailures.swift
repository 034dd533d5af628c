import XenRing

/// What a backend may not say: each is named, for the console and for tests.
extension XenError {
  static let badHardwareAddress = XenError("the network device's address is no unicast address")
  static let noCopy = XenError("the network backend does not copy what is received (feature-rx-copy)")
  static let badMTU = XenError("the network device's MTU is out of range")
  static let fewerFeatures = XenError("the network backend offers less than the one before: start anew")
  static let smallerMTU = XenError("the network backend's MTU is smaller than the one before: start anew")

  static let transmitIndexRanAway = XenError("network transmit ring: the response index ran away")
  static let transmitIdentifier = XenError("network transmit ring: a response for what is not in flight")
  static let transmitStatus = XenError("network transmit ring: a status that is none")
  static let transmitEmptyResponse = XenError("network transmit ring: an empty response for no extra info")

  static let receiveIndexRanAway = XenError("network receive ring: the response index ran away")
  static let receiveIdentifier = XenError("network receive ring: a response for another request")
  static let receiveStatus = XenError("network receive ring: a status that is none")
  static let receiveBounds = XenError("network receive ring: bytes beyond a page")
  static let receiveIncomplete = XenError("network receive ring: a frame without its end")
  static let receiveTooManySlots = XenError("network receive ring: a frame of too many slots")
  static let receiveUnasked = XenError("network receive ring: a frame of a kind that was not asked for")
  static let receiveExtraKind = XenError("network receive ring: an extra info that was not asked for")
  static let receiveExtraTwice = XenError("network receive ring: an extra info came twice")
  static let receiveSegmentation = XenError("network receive ring: segments of no size or kind")
}

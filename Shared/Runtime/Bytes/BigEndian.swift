// Network byte order (RFC 1700, page 3): the most significant byte stands first.

extension RawSpan {
  /// The byte at `offset`. Traps outside the span.
  @inline(__always)
  public func byte(at offset: Int) -> UInt8 {
    // Any bits are a byte, and the load is bounds-checked.
    unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The big-endian number in the 2 bytes at `offset`. Traps outside the span.
  @inline(__always)
  public func bigEndian16(at offset: Int) -> UInt16 {
    // Any bits are a number, and the load is bounds-checked.
    UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The big-endian number in the 4 bytes at `offset`. Traps outside the span.
  @inline(__always)
  public func bigEndian32(at offset: Int) -> UInt32 {
    // Any bits are a number, and the load is bounds-checked.
    UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The big-endian number in the 8 bytes at `offset`. Traps outside the span.
  @inline(__always)
  public func bigEndian64(at offset: Int) -> UInt64 {
    // Any bits are a number, and the load is bounds-checked.
    UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

extension OutputRawSpan {
  /// Appends the 2 bytes of `value`. Traps when they have no room.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(bigEndian value: UInt16) { append(value.bigEndian, as: UInt16.self) }

  /// Appends the 4 bytes of `value`. Traps when they have no room.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(bigEndian value: UInt32) { append(value.bigEndian, as: UInt32.self) }

  /// Appends the 8 bytes of `value`. Traps when they have no room.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(bigEndian value: UInt64) { append(value.bigEndian, as: UInt64.self) }

  /// Appends a copy of `bytes`. Traps when they have no room.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(contentsOf bytes: RawSpan) {
    var offset = 0
    while offset + 8 <= bytes.byteCount {
      append(bigEndian: bytes.bigEndian64(at: offset))
      offset += 8
    }
    while offset < bytes.byteCount {
      append(bytes.byte(at: offset))
      offset += 1
    }
  }

  /// As `append(contentsOf:)`, of more than a few bytes, such as a packet's payload.
  @inline(never)
  @_lifetime(self: copy self)
  public mutating func append(payload bytes: RawSpan) {
    precondition(bytes.byteCount <= freeCapacity)
    withUnsafeMutableBytes { room, initializedCount in
      bytes.withUnsafeBytes { source in
        // Checked: they fit behind those that are there.
        UnsafeMutableRawBufferPointer(rebasing: room[initializedCount...]).copyMemory(from: source)
        initializedCount += source.count
      }
    }
  }

  /// Appends `count` zero bytes. Traps when they have no room.
  @_lifetime(self: copy self)
  public mutating func append(zeros count: Int) {
    for _ in 0..<count { append(0) }
  }

  /// Overwrites 2 bytes that were written already: for lengths and checksums, which are known last.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func overwrite(at offset: Int, bigEndian value: UInt16) {
    var written = mutableBytes
    written.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
  }
}

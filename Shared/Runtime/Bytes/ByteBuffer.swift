/// A growable queue of bytes in one piece of memory: bytes are written at its end and consumed from its front.
///
/// It backs every stream: received bytes wait here to be parsed in place, and a response is put together here
/// so that one `send` carries it. Growing moves the bytes, so keep offsets, not pointers.
/// Cost: append and consume are O(bytes); room is reclaimed by moving what is left, never more often than the
/// buffer was filled.
public struct ByteBuffer: ~Copyable {
  private var storage: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0

  /// An empty buffer. `capacity` bytes are allocated at once; 0 allocates nothing until the first write.
  public init(capacity: Int = 0) {
    precondition(capacity >= 0)
    storage = capacity == 0 ? .init(start: nil, count: 0) : .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { storage.deallocate() }

  /// Bytes that wait to be consumed.
  public var count: Int { end - start }

  /// Whether nothing waits.
  public var isEmpty: Bool { start == end }

  /// Bytes allocated.
  public var capacity: Int { storage.count }

  /// The waiting bytes, in place.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // The span borrows `self`, so the storage can neither move nor be freed while it lives.
      _overrideLifetime(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: storage[start..<end])), borrowing: self)
    }
  }

  /// Lends the waiting bytes: for a buffer in a class, whose span cannot outlive one access.
  @inline(__always)
  public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try body(bytes)
  }

  /// Copies `count` waiting bytes out, from `offset` on.
  @inline(never)
  public func array(from offset: Int = 0, count: Int? = nil) -> [UInt8] {
    let count = count ?? self.count - offset
    precondition(offset >= 0 && count >= 0 && offset + count <= self.count)
    return bytes.extracting(offset..<offset + count).withUnsafeBytes { Array($0) }
  }

  /// Removes `count` bytes from the front.
  @inline(never)
  public mutating func consume(_ count: Int) {
    precondition(count >= 0 && count <= self.count)
    start += count
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Forgets all bytes, keeps the memory.
  public mutating func removeAll() {
    start = 0
    end = 0
  }

  /// Gives the memory back. For a connection that waits with nothing in its buffer.
  public mutating func release() {
    precondition(isEmpty)
    storage.deallocate()
    storage = .init(start: nil, count: 0)
    removeAll()
  }

  /// Drops bytes from the end until `count` are left.
  public mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count)
    end = start + count
  }

  /// Overwrites waiting bytes from `offset` on: for lengths that are known only after what they measure.
  public mutating func overwrite(at offset: Int, with bytes: RawSpan) {
    precondition(offset >= 0 && offset + bytes.byteCount <= count)
    bytes.withUnsafeBytes { source in
      guard source.count > 0 else { return }
      UnsafeMutableRawBufferPointer(rebasing: storage[(start + offset)...]).copyMemory(from: source)
    }
  }

  /// Makes room for `additional` more bytes behind the waiting ones.
  @inline(__always)
  public mutating func reserve(_ additional: Int) {
    if storage.count - end < additional { makeRoom(additional) }
  }

  @inline(never)
  private mutating func makeRoom(_ additional: Int) {
    let waiting = count
    // Move within the memory only when that frees at least as much as it moves; otherwise grow.
    if storage.count - waiting >= additional && start >= waiting {
      storage.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[start..<end]))
    } else {
      var size = storage.count < 256 ? 256 : storage.count
      while size < waiting + additional { size *= 2 }
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
      larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[start..<end]))
      storage.deallocate()
      storage = larger
    }
    start = 0
    end = waiting
  }

  /// Appends one byte. Whoever has many at hand appends them as a span.
  @inline(never)
  public mutating func append(_ byte: UInt8) {
    reserve(1)
    storage[end] = byte
    end += 1
  }

  /// Appends a copy of `bytes`.
  @inline(never)
  public mutating func append(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { append(raw: $0) }
  }

  /// Appends a copy of an array.
  @inline(never)
  public mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append(raw: $0) }
  }

  /// Appends a copy of part of an array.
  @inline(never)
  public mutating func append(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { append(raw: $0) }
  }

  /// Appends the UTF-8 of a literal.
  @inline(__always)
  public mutating func append(_ literal: StaticString) {
    append(literal.utf8Start, literal.utf8CodeUnitCount)
  }

  /// Not with the literal itself, which is three words: programs write hundreds.
  @inline(never)
  @usableFromInline
  mutating func append(_ start: UnsafePointer<UInt8>, _ count: Int) {
    append(raw: UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Appends the UTF-8 of a string.
  @inline(never)
  public mutating func append(utf8 text: String) {
    text.withBytes { append($0) }
  }

  @inline(__always)
  private mutating func append(raw source: UnsafeRawBufferPointer) {
    guard let base = source.baseAddress, source.count > 0 else { return }
    reserve(source.count)
    // `reserve` left memory of at least this size.
    (storage.baseAddress.unsafelyUnwrapped + end).copyMemory(from: base, byteCount: source.count)
    end += source.count
  }

  /// Appends a number in decimal digits: at least `minimum` of them, with zeros in front.
  @inline(never)
  public mutating func append(decimal number: Int, atLeast minimum: Int = 1) {
    if number < 0 { append(UInt8(ascii: "-")) }
    var digitCount = 1
    var rest = number.magnitude
    while rest >= 10 {
      rest /= 10
      digitCount += 1
    }
    digitCount = max(digitCount, minimum)
    reserve(digitCount)
    rest = number.magnitude
    // From the last to the first.
    var place = end + digitCount
    while place > end {
      place -= 1
      storage[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    end += digitCount
  }

  /// Lends at least `minimum` bytes of free room behind the waiting bytes; what `body` appended to the span
  /// becomes waiting bytes, also when it throws.
  @inline(__always)
  public mutating func withFreeRoom<R, E: Error>(
    atLeast minimum: Int, _ body: (inout OutputRawSpan) throws(E) -> R
  ) throws(E) -> R {
    reserve(minimum)
    var room = OutputRawSpan(
      buffer: UnsafeMutableRawBufferPointer(rebasing: storage[end...]), initializedCount: 0)
    do throws(E) {
      let result = try body(&room)
      end += room.byteCount
      return result
    } catch {
      end += room.byteCount
      throw error
    }
  }
}

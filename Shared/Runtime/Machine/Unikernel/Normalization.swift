/// What the standard library asks before it compares or hashes texts that are not ASCII: how a scalar takes part in
/// Unicode's normal forms. Here none does, so an image compares texts by their scalars, as SQLite does, and holds
/// neither the tables nor the code (35 KB) by which a letter with its accent in one scalar equals the same in two.
/// No key, id or token of a service has such letters; what people write is kept and given back as it came.
@_cdecl("_swift_stdlib_getNormData")
public func normalizationData(_ scalar: UInt32) -> UInt16 { 0 }

/// What a scalar is made of: nothing else.
@_cdecl("_swift_stdlib_getDecompositionEntry")
public func decomposition(_ scalar: UInt32) -> UInt32 { 0 }

/// What two scalars are together: nothing.
@_cdecl("_swift_stdlib_getComposition")
public func composition(_ first: UInt32, _ second: UInt32) -> UInt32 { .max }

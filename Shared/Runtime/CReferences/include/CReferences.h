#pragma once

/// Counts a reference to `object`, and returns it. What is not positive as an address is no object.
__attribute__((no_caller_saved_registers)) void *swift_retain(void *object);

/// Takes a reference to `object` away, and with the last one destroys it.
__attribute__((no_caller_saved_registers)) void swift_release(void *object);

/// The same for the object in a bridge object.
__attribute__((no_caller_saved_registers)) void *swift_bridgeObjectRetain(void *object);
__attribute__((no_caller_saved_registers)) void swift_bridgeObjectRelease(void *object);

/// Carries a value from the loop to the worker or back.
struct Handover<Value>: @unchecked Sendable {
  // Safe because only one side touches the value at a time: the loop lets go of what it submits to the worker,
  // and the worker is done before it resumes a continuation. The engine is used by worker jobs alone, which run
  // one after the other.
  let value: Value
  init(_ value: Value) { self.value = value }
}

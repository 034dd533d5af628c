/// Carries a value from the loop to the worker or back.
///
/// `@unchecked Sendable` because only one side touches the value at a time: the loop lets go of what it submits,
/// the worker is done before it resumes a continuation, and its jobs (the engine's only users) run one by one.
struct Handover<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

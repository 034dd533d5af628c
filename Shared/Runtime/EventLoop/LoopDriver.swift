import Platform

/// The part of the event loop that differs from machine to machine: how a task gets onto the loop, how the loop
/// runs Swift's jobs, and how it waits.
public protocol LoopDriver: AnyObject {
  /// Starts a task whose every job runs on this loop. The hosted driver makes the loop the task's preferred
  /// executor; an image, whose only executor the loop is, detaches.
  func start(_ body: @escaping () async -> Void)
  /// Runs the jobs that wait, also those that they enqueue, up to the driver's bound. Returns whether any is left.
  func runJobs() -> Bool
  /// Handles the machine's events; waits for the first one until `deadline` (`.never`: for as long as it takes),
  /// or returns at once when it has passed.
  func poll(until deadline: Instant)
}

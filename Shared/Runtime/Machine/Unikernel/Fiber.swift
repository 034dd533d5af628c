import CBoot

/// A function that runs on a stack of its own and may stop in its midst: for code that waits by not returning.
///
/// It is no task: it runs when somebody calls `resume`, and until it parks or ends. `await` is not for it, but it may
/// resume continuations. An overflow of its stack stops the machine in those words.
public final class Fiber {
  /// What the C side starts; owned by it until the body runs.
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  private let fiber: OpaquePointer

  /// Will run `body` with `stackByteCount` of stack, whole pages; costs that, 16 KB for the guard, and nothing until then.
  public init(stackByteCount: Int, _ body: @escaping () -> Void) {
    fiber = boot_fiber_make(
      stackByteCount,
      { context in
        // Safe: retained below, for this one call.
        Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
      }, Unmanaged.passRetained(Body(body)).toOpaque())
  }

  /// Stops the machine unless the body has returned: what lies on its stack would never be released.
  deinit { boot_fiber_free(fiber) }

  /// Runs it until it parks or ends. Stops the machine when called by a fiber or after the end.
  public func resume() { boot_fiber_resume(fiber) }

  /// Goes back to who called `resume`; returns at the next one. Stops the machine outside of a fiber.
  public static func park() { boot_fiber_park() }

  /// Whether this is the fiber that runs.
  public var isRunning: Bool { boot_fiber_current() == fiber }

  /// Whether the body has returned.
  public var hasEnded: Bool { boot_fiber_has_ended(fiber) }

  /// The most it used of its stack so far, in whole pages of 4 KB.
  public var stackPeakByteCount: Int { boot_fiber_stack_peak(fiber) }
}

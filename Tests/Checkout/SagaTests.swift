import CheckoutAPI
import Testing

@testable import Checkout

@Suite struct SagaTests {
  /// What may exist somewhere once `call` was made: it, and all that came before.
  private func traces(of call: Saga.Call) -> Obligations {
    switch call {
    case .hold: .releaseHold
    case .authorise: [.releaseHold, .undoPayment]
    case .commit, .capture: [.releaseHold, .returnStock, .undoPayment]
    }
  }

  @Test func `an order that goes well takes four calls and three steps`() {
    var steps: [Saga.Step] = []
    var step = Saga.Step.call(.hold)
    while true {
      steps.append(step)
      switch step {
      case .call(let call): step = Saga.step(after: call, .done, isRecovering: false)
      case .advance(let state):
        guard let call = Saga.firstCall(in: state) else {
          #expect(
            steps == [
              .call(.hold), .advance(.reserved), .call(.authorise), .advance(.authorised), .call(.commit),
              .call(.capture), .advance(.captured),
            ])
          return
        }
        step = .call(call)
      default:
        Issue.record("gave up at \(step)")
        return
      }
    }
  }

  @Test(arguments: Saga.Call.allCases)
  func `silence while a buyer waits undoes everything that may have happened`(call: Saga.Call) {
    guard case .abandon(_, let owed) = Saga.step(after: call, .silent, isRecovering: false) else {
      Issue.record("\(call) did not give up")
      return
    }
    #expect(owed == traces(of: call))
  }

  @Test(arguments: [Saga.Call.commit, .capture])
  func `silence in recovery is asked again`(call: Saga.Call) {
    #expect(Saga.step(after: call, .silent, isRecovering: true) == .retry)
  }

  @Test func `a refused hold owes nothing, for it never was`() {
    #expect(Saga.step(after: .hold, .refused, isRecovering: false) == .abandon(.shortage, []))
  }

  @Test func `a declined payment gives the pieces back and is recorded`() {
    #expect(Saga.step(after: .authorise, .refused, isRecovering: false) == .decline(.releaseHold))
  }

  @Test func `money is taken only after the pieces are sold`() {
    for call in Saga.Call.allCases {
      for reply in Saga.Reply.allCases
      where Saga.step(after: call, reply, isRecovering: true) == .call(.capture) {
        #expect(call == .commit && reply == .done)
      }
    }
  }

  @Test func `recovery finishes what was authorised and undoes what was not`() {
    #expect(Saga.recovery(from: .pending) == .abandon(.interrupted, traces(of: .hold)))
    #expect(Saga.recovery(from: .reserved) == .abandon(.interrupted, traces(of: .authorise)))
    #expect(Saga.recovery(from: .authorised) == .call(.commit))
    for state in OrderState.allCases where !state.isInFlight { #expect(Saga.recovery(from: state) == nil) }
  }

  @Test func `stock is taken back only after its hold is closed`() {
    let release = Obligations.inOrder.firstIndex(of: .releaseHold)!
    #expect(release < Obligations.inOrder.firstIndex(of: .returnStock)!)
  }

  @Test func `only a captured order can be cancelled, and a cancelled one again`() {
    for state in OrderState.allCases {
      switch Cancellation.decision(in: state) {
      case .cancel(let owed):
        #expect(state == .captured)
        #expect(owed == [.returnStock, .undoPayment])
      case .alreadyCancelled: #expect(state == .cancelled)
      case .wrongState: #expect(state != .captured && state != .cancelled)
      }
    }
  }
}

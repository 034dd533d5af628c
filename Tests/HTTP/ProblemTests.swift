import HTTPCore
import JSON
import Testing

@testable import HTTP

struct ProblemTests {
  @Test(arguments: Refusal.Reason.allCases)
  func `what is wrong with a message is told in JSON`(reason: Refusal.Reason) throws {
    let problem = try JSON.parse(Problems.document(reason.status, reason.description))
    #expect(problem["detail"]?.string == reason.description.description)
    #expect(problem["status"]?.integer == Int64(reason.status.code))
    #expect(problem["title"]?.string == reason.status.reason.description)
    #expect(problem["type"]?.string?.hasPrefix("/problems/") == true)
  }
}

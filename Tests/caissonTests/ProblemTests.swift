import CommandLineKit
import JSONText
import Testing

@testable import caisson

@Suite struct ProblemTests {
  @Test("exit codes keep their meaning", arguments: [
    (ExitCode.done, 0), (.failed, 1), (.usage, 2), (.planInvalid, 3), (.stopped, 4), (.refused, 5),
    (.heldByAnother, 6), (.drift, 7), (.rolledBack, 8), (.needsPerson, 9),
  ] as [(ExitCode, Int32)])
  func codes(code: ExitCode, number: Int32) {
    #expect(code.rawValue == number)
    #expect(ExitCode.allCases.count == 10)
  }

  @Test("errors become codes", arguments: [
    (UsageError("x", path: ["caisson"]), .usage), (CancellationError(), .stopped),
    (ConfirmationPrompt.NobodyThere(question: "Go on?"), .usage), (CommandFailure(.drift, "x"), .drift),
    (Unheard(), .failed),
  ] as [(any Error & Sendable, ExitCode)])
  func mapping(error: any Error & Sendable, code: ExitCode) {
    #expect(ExitCode(error) == code)
    #expect(Problem(error).code == code)
  }

  @Test("a problem says all it knows, in order")
  func text() {
    #expect(
      Self.problem.text(by: ["caisson", "apply"]) == """
        caisson apply: canceling statement due to lock timeout
          at: plan.yaml:12:5
          step: audit-by-month
          operation: swap
          SQLSTATE: 55P03
          blocked by: pid 123 (user app, 12 s)
          state: rolled back; nothing of this step has been changed
          hint: the reader on public.audit was there for 12 s
          next: caisson resume production.yaml
        """)
  }

  @Test("the same for a program")
  func json() {
    #expect(
      Self.problem.json.text
        == #"{"error":{"exit_code":1,"message":"canceling statement due to lock timeout","place":"plan.yaml:12:5","#
        + #""step":"audit-by-month","operation":"swap","sqlstate":"55P03","#
        + #""state":"rolled back; nothing of this step has been changed","#
        + #""hint":"the reader on public.audit was there for 12 s","next":"caisson resume production.yaml","#
        + #""blockers":["pid 123 (user app, 12 s)"]}}"#)
    #expect(Problem(.failed, "x").json.text == #"{"error":{"exit_code":1,"message":"x"}}"#)
  }

  private struct Unheard: Error {}

  private static var problem: Problem {
    var problem = Problem(
      .failed, "canceling statement due to lock timeout", hint: "the reader on public.audit was there for 12 s",
      next: "caisson resume production.yaml")
    problem.place = "plan.yaml:12:5"
    problem.step = "audit-by-month"
    problem.operation = "swap"
    problem.sqlState = "55P03"
    problem.blockers = ["pid 123 (user app, 12 s)"]
    problem.state = "rolled back; nothing of this step has been changed"
    return problem
  }
}

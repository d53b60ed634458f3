import CommandLineKit
import Engine
import JSONText
import Journal
import PlanSchema
import PostgresClient
import Sandbox
import Testing
import YAMLTree

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
    (Unheard(), .failed), (EngineError(.failed, "x"), .failed), (EngineError(.refused, "x"), .refused),
    (EngineError(.unusable, "x"), .refused), (EngineError(.interrupted, "x"), .stopped),
    (EngineError(.held, "x"), .heldByAnother), (EngineError(.drift, "x"), .drift),
    (EngineError(.blocked, "x"), .needsPerson), (EngineError(.unknown, "x"), .usage),
    (InvalidInput(Diagnostics()), .planInvalid), (PostgresError(.server, "x"), .failed),
    (PostgresError(.canceled, "x"), .stopped), (SandboxError("x"), .failed),
    (JournalError(.missing, "x", hint: "y"), .refused), (JournalError(.elsewhere, "x", hint: "y"), .refused),
    (JournalError(.unreadable, "x", hint: "y"), .failed),
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

  @Test("a server's error keeps its SQLSTATE and gains the next step")
  func postgres() {
    let problem = Problem(PostgresError(.server, "permission denied", sqlState: "42501"))
    #expect(problem.sqlState == "42501")
    #expect(problem.hint?.contains("grant the privilege") == true)
  }

  @Test("a journal's error keeps its hint, and a secret that is not there is named by its reference alone")
  func journalAndSecrets() throws {
    #expect(Problem(JournalError(.missing, "no journal", hint: "make one")).hint == "make one")
    var report = Diagnostics()
    let node = Node(.scalar("${env:CAISSON_TEST_UNSET}", .plain), range: .nowhere)
    let secret = try #require(Secret.read(node, &report))
    let error = try #require(throws: SecretUnavailable.self) {
      try secret.resolve(environment: { _ in nil }, folder: ".")
    }
    let problem = Problem(error)
    #expect(problem.code == .planInvalid)
    #expect(problem.what.contains("${env:CAISSON_TEST_UNSET}") && problem.hint != nil)
  }

  @Test("an engine's error says where it happened")
  func engine() {
    let problem = Problem(
      EngineError(.drift, "changed", hint: "look", step: "index", operation: "build", sqlState: "42P07"))
    #expect([problem.step, problem.operation, problem.sqlState, problem.hint] == ["index", "build", "42P07", "look"])
  }

  @Test("a refused input shows every mistake, and their number last")
  func invalid() {
    var diagnostics = Diagnostics()
    diagnostics.error("a.b", "first", at: SourceRange.nowhere)
    diagnostics.error("c.d", "second", at: SourceRange.nowhere, didYouMean: "other")
    let problem = Problem(InvalidInput(diagnostics))
    #expect(
      problem.text(by: ["caisson", "validate"]) == """
        error: first [a.b]
        error: second [c.d]
          did you mean `other`?
        caisson validate: 2 mistakes; nothing was run
        """)
    #expect(problem.json["error"]?["findings"]?[1]?["code"] == "c.d")
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

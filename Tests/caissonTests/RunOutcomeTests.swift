import CommandLineKit
import PlanModel
import PluginAPI
import Testing

@testable import Engine
@testable import caisson

@Suite struct RunOutcomeTests {
  private static let steps = [(step: "one", reason: "nobody knows")]

  @Test("each way a run can end has its exit code and its word", arguments: [
    (.succeeded, .apply, .done, "succeeded"), (.alreadyApplied, .apply, .done, "already_applied"),
    (.failed([EngineError(.failed, "x", step: "one")]), .apply, .failed, "failed"),
    (.failed([EngineError(.drift, "x")]), .resume, .drift, "failed"),
    (.failed([EngineError(.unknown, "x")]), .apply, .failed, "failed"), (.interrupted, .apply, .stopped, "interrupted"),
    (.blocked(steps), .apply, .needsPerson, "blocked"), (.held("process 1"), .apply, .heldByAnother, "held"),
    (.rolledBack, .apply, .rolledBack, "rolled_back"), (.rolledBack, .rollback, .done, "rolled_back"),
    (.refused([("one", .refusal("a.b", "no", choices: []))]), .apply, .refused, "refused"),
  ] as [(RunReport.Ending, RunOutcome.Verb, ExitCode, String)])
  func codes(ending: RunReport.Ending, verb: RunOutcome.Verb, code: ExitCode, word: String) throws {
    let report = RunReport(run: "3f2a91bc-0000", ending: ending, steps: [])
    let outcome = RunOutcome(report, verb, try Self.chosen())
    #expect(outcome.code == code)
    #expect(outcome.ending == word)
    let json = outcome.json(report, took: .milliseconds(1500))
    #expect(json["exit_code"] == .int(Int64(code.rawValue)) && json["seconds"] == 1.5)
  }

  @Test("a step that waits for a person names the command that speaks for it")
  func blocked() throws {
    let report = RunReport(run: "3f2a91bc-0000", ending: .blocked(Self.steps), steps: [])
    let problem = try #require(RunOutcome(report, .apply, Self.chosen()).problems.first)
    #expect(problem.step == "one" && problem.what.contains("nobody knows"))
    #expect(problem.next?.contains("caisson mark-done") == true && problem.next?.contains(" one ") == true)
  }

  private static func chosen() throws -> ChosenEnvironment {
    let folder = try TemporaryFolder()
    try folder.write("caisson: 1\nplan: p\nsteps:\n  one: { uses: sql.run, with: { up: SELECT 1 } }\n", to: "plan.yaml")
    try folder.write("environment: staging\nplan: plan.yaml\ntarget: sandbox\n", to: "staging.yaml")
    let words = ["apply", "\(folder.path)/staging.yaml"]
    guard case .run(let parsed) = try CommandParser(CommandTree.spec).parse(words) else { throw CommandFailure(.failed, "") }
    return try ChosenEnvironment(parsed)
  }
}

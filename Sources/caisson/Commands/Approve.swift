import CommandLineKit
import JSONText
import Journal
import PlanModel
import PostgresClient
import RunModel
import SQLText

/// `caisson approve ENVIRONMENT release|STEP`
struct ApproveCommand: Command {
  static let subject = ArgumentSpec("WHAT", "release, or a step that waits for it")

  static let spec = CommandSpec(
    "approve", summary: "let a run go on that waits for a second person",
    discussion: """
      Counts when it is given by another database role than the one that started the run, and for exactly this version
      of the plan: so use your own login in the target. An environment asks for it with `approvals: 1`.
      """,
    section: Section.intervene, arguments: [.environmentFirst, subject],
    options: [.reason, .run, .environment, .variable, .output],
    examples: [
      CommandExample(
        #"caisson approve production.yaml release --reason "plan read, staging looked at""#,
        "then: caisson resume, or a worker goes on")
    ])

  private let parsed: ParsedCommand
  private let what: String

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    what = parsed.argument(Self.subject) ?? "release"
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(parsed)
    let gate = what == "release" ? what : "step:" + (try chosen.step(named: what, for: parsed).id)
    let row = try await chosen.writing(parsed.spec.name) { connection in
      guard let run = try await JournalReader(connection).run(parsed.value(.run), of: chosen), run.finishedAt == nil else {
        throw CommandFailure(.refused, "\(chosen.title): no run waits for an approval", next: chosen.next("status"))
      }
      let statement = JournalSQL.approve(
        run: run.id, gate: gate, plan: chosen.resolved.planHash, actor: Operator.name, reason: parsed.value(.reason))
      guard try await connection.query("SELECT has_function_privilege('caisson.approve(uuid,text,bytea,text,text)', 'EXECUTE')").value == "t"
      else {
        throw CommandFailure(
          .refused, "this login may not approve",
          hint: "somebody who may administers it: GRANT caisson_approver TO …", next: chosen.next("status"))
      }
      guard let row = try await connection.query(statement).rows.first else {
        throw CommandFailure(.refused, "nothing waits for an approval of \(what)", next: chosen.next("status"))
      }
      return row
    }
    if let problem = row["problem"] {
      throw CommandFailure(
        .refused, "this approval does not count: \(problem)",
        hint: "another person approves, with a login of their own and the files of this run", next: chosen.next("status"))
    }
    show(isOpen: row["state"] == "open", try row.int("given"), of: try row.int("needed"), chosen, console)
    return .done
  }

  private func show(isOpen: Bool, _ given: Int, of needed: Int, _ chosen: ChosenEnvironment, _ console: Console) {
    let next = isOpen ? chosen.next("resume") : chosen.next("status")
    guard console.format == .text else {
      console.print([
        "gate": .string(what), "open": .bool(isOpen), "given": .int(Int64(given)), "needed": .int(Int64(needed)),
        "actor": .string(Operator.name), "next": .string(next),
      ])
      return
    }
    console.print(isOpen ? "\(what) is approved" : "\(what) has \(given) of \(needed) approvals")
    console.print("next: \(next)")
  }
}

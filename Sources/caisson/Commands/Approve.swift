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
      of the plan: so use your own login in the target. An environment asks for it with `approvals: 1`. Of an environment
      with many targets it approves each that waits, or the one named with --target.
      """,
    section: Section.intervene, arguments: [.environmentFirst, subject],
    options: [.reason, .run, .environment, .target, .variable, .output],
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
    let all = parsed.has(.run) ? [try ChosenEnvironment(parsed)] : try ChosenEnvironment.each(parsed)
    guard all.count > 1 else {
      let given = try await vote(on: all[0])
      if console.format == .text { given.lines(isOneOfMany: false).forEach { console.print($0) } } else { console.print(given.json) }
      return .done
    }
    return try await run(each: all, console)
  }

  /// Every target that waits; one that cannot be reached keeps nobody else waiting.
  private func run(each all: [ChosenEnvironment], _ console: Console) async throws -> ExitCode {
    var given: [Vote] = [], code = ExitCode.done
    for chosen in all {
      do { if try await waits(chosen) { given.append(try await vote(on: chosen)) } } catch {
        let problem = Problem(error)
        if code == .done { code = problem.code }
        console.report(problem, by: [Tool.name, "approve", chosen.targetName])
      }
    }
    if given.isEmpty, code == .done, let first = all.first?.resolved {
      throw CommandFailure(.refused, "\(first.plan.name) on \(first.environment.name): no target waits for an approval of \(what)")
    }
    switch console.format {
    case .text: given.flatMap { $0.lines(isOneOfMany: true) }.forEach { console.print($0) }
    case .json: console.print(["approvals": .array(given.map(\.json))])
    case .ndjson: given.forEach { console.print($0.json) }
    }
    return code
  }

  private func gate(of chosen: ChosenEnvironment) throws -> String {
    what == "release" ? what : "step:" + (try chosen.step(named: what, for: parsed).id)
  }

  /// Whether its unfinished run asks for this vote.
  private func waits(_ chosen: ChosenEnvironment) async throws -> Bool {
    let gate = try gate(of: chosen)
    return try await chosen.reading("approve") { reader in
      guard let reader, let run = try await reader.run(nil, of: chosen), run.finishedAt == nil else { return false }
      return try await reader.gates(run: run.id).contains { $0.isVoted && !$0.isOpen && $0.gate == gate }
    }
  }

  private func vote(on chosen: ChosenEnvironment) async throws -> Vote {
    let gate = try gate(of: chosen)
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
    return Vote(
      what: what, target: chosen.targetName, isOpen: row["state"] == "open", given: try row.int("given"),
      needed: try row.int("needed"), next: chosen.next(row["state"] == "open" ? "resume" : "status"))
  }
}

/// What an approval came to.
private struct Vote: Sendable {
  let what: String
  let target: String
  let isOpen: Bool
  let given: Int
  let needed: Int
  let next: String

  var json: JSON {
    [
      "target": .string(target), "gate": .string(what), "open": .bool(isOpen), "given": .int(Int64(given)),
      "needed": .int(Int64(needed)), "actor": .string(Operator.name), "next": .string(next),
    ]
  }

  func lines(isOneOfMany: Bool) -> [String] {
    let place = isOneOfMany ? " on \(target)" : ""
    let line = isOpen ? "\(what) is approved\(place)" : "\(what) has \(given) of \(needed) approvals\(place)"
    return isOneOfMany ? [line] : [line, "next: \(next)"]
  }
}

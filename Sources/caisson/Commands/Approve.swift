import CommandLineKit
import JSONText
import Journal
import PlanModel
import PlanSchema
import PostgresClient
import RunModel
import SQLText

/// `caisson approve ENVIRONMENT release|STEP`, and the same with `--revoke`
struct ApproveCommand: Command {
  static let subject = ArgumentSpec("WHAT", "release, or a step that waits for it")
  static let why = OptionSpec.value("reason", "TEXT", .text, "why; kept in the journal (required with --revoke)")
  static let revoke = OptionSpec.flag("revoke", "take an approval back, as long as nothing has begun behind it")
  static let role = OptionSpec.value("role", "NAME", .text, "with --revoke: whose approval, where it is not one's own")

  static let spec = CommandSpec(
    "approve", summary: "let a run go on that waits for a second person",
    discussion: """
      Counts when it is given by another database role than the one that started the run, and for exactly this version
      of the plan: so use your own login in the target. An environment asks for it with `approvals: 1`. Of an environment
      with many targets it approves each that waits, or the one named with --target.

      --revoke takes an approval back: one's own, or another's (--role says whose, where there are several). It can be
      done until the run has passed the gate; after that, pause or cancel it.
      """,
    section: Section.intervene, arguments: [.environmentFirst, subject],
    options: [why, revoke, role, .run, .environment, .target, .variable, .output],
    examples: [
      CommandExample(
        #"caisson approve production.yaml release --reason "plan read, staging looked at""#,
        "then: caisson resume, or a worker goes on"),
      CommandExample(#"caisson approve production.yaml release --revoke --reason "staging was the wrong one""#, "it waits again"),
    ])

  private let parsed: ParsedCommand
  private let what: String
  private let isRevoked: Bool

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    what = parsed.argument(Self.subject) ?? "release"
    isRevoked = parsed.has(Self.revoke)
    if isRevoked { _ = try parsed.requiredReason() }
    if parsed.has(Self.role), !isRevoked { throw parsed.usageError("--role goes with --revoke") }
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
      throw CommandFailure(
        .refused, "\(first.plan.name) on \(first.environment.name): "
          + (isRevoked ? "on no target \(what) has an approval" : "no target waits for an approval of \(what)"))
    }
    switch console.format {
    case .text: given.flatMap { $0.lines(isOneOfMany: true) }.forEach { console.print($0) }
    case .json: console.print(["approvals": .array(given.map(\.json))])
    case .ndjson: given.forEach { console.print($0.json) }
    }
    return code
  }

  private func gate(of chosen: ChosenEnvironment) throws -> String {
    if what == "release" { return what }
    if let step = chosen.resolved.plan[what] { return "step:" + step.id }
    let names = ["release"] + chosen.resolved.plan.steps.map(\.id)
    throw parsed.usageError("the plan has no step '\(what)'", suggestion: Spelling.nearest(to: what, in: names))
  }

  /// Whether its unfinished run asks for this vote, or has one that could be taken back.
  private func waits(_ chosen: ChosenEnvironment) async throws -> Bool {
    let gate = try gate(of: chosen)
    return try await chosen.reading("approve") { reader in
      guard let reader, let run = try await reader.run(nil, of: chosen), run.finishedAt == nil else { return false }
      return try await reader.gates(run: run.id).contains {
        $0.isVoted && $0.gate == gate && (isRevoked ? $0.given > 0 : !$0.isOpen)
      }
    }
  }

  private func vote(on chosen: ChosenEnvironment) async throws -> Vote {
    let gate = try gate(of: chosen)
    let row = try await chosen.writing(parsed.spec.name) { connection in
      guard let run = try await JournalReader(connection).run(parsed.value(.run), of: chosen), run.finishedAt == nil else {
        throw CommandFailure(.refused, "\(chosen.title): no run waits for an approval", next: chosen.next("status"))
      }
      try await mayVote(connection, chosen)
      guard let row = try await connection.query(statement(run.id, gate, chosen)).rows.first else {
        throw CommandFailure(.refused, "nothing waits for an approval of \(what)", next: chosen.next("status"))
      }
      return row
    }
    if let problem = row["problem"] { throw refusal(problem, chosen) }
    return Vote(
      what: what, target: chosen.targetName, isOpen: row["state"] == "open", given: try row.int("given"),
      needed: try row.int("needed"), revoked: isRevoked ? row["role"] : nil,
      next: chosen.next(row["state"] == "open" ? "resume" : "status"))
  }

  private func statement(_ run: String, _ gate: String, _ chosen: ChosenEnvironment) -> SQL {
    let reason = parsed.value(Self.why)
    guard isRevoked else {
      return JournalSQL.approve(
        run: run, gate: gate, plan: chosen.resolved.planHash, actor: Operator.name, reason: reason)
    }
    return JournalSQL.revokeApproval(
      run: run, gate: gate, role: parsed.value(Self.role), actor: Operator.name, reason: reason ?? "")
  }

  private func mayVote(_ connection: Connection, _ chosen: ChosenEnvironment) async throws {
    let function = isRevoked ? "revoke_approval(uuid,text,text,text,text)" : "approve(uuid,text,bytea,text,text)"
    guard try await connection.query("SELECT has_function_privilege('caisson.' || \(function), 'EXECUTE')").value != "t"
    else { return }
    throw CommandFailure(
      .refused, isRevoked ? "this login may not take an approval back" : "this login may not approve",
      hint: "somebody who may administers it: GRANT caisson_approver TO …", next: chosen.next("status"))
  }

  private func refusal(_ problem: String, _ chosen: ChosenEnvironment) -> CommandFailure {
    guard isRevoked else {
      return CommandFailure(
        .refused, "this approval does not count: \(problem)",
        hint: "another person approves, with a login of their own and the files of this run", next: chosen.next("status"))
    }
    return CommandFailure(
      .refused, "the approval of \(what) is not taken back: \(problem)",
      hint: "--role says whose it is; what has begun is stopped by pause, or given up by cancel",
      next: chosen.next("status"))
  }
}

/// What an approval came to.
private struct Vote: Sendable {
  let what: String
  let target: String
  let isOpen: Bool
  let given: Int
  let needed: Int
  /// Whose was taken back; `nil`: one was given.
  let revoked: String?
  let next: String

  var json: JSON {
    var object = JSONObject([
      ("target", .string(target)), ("gate", .string(what)), ("open", .bool(isOpen)), ("given", .int(Int64(given))),
      ("needed", .int(Int64(needed))), ("actor", .string(Operator.name)), ("next", .string(next)),
    ])
    if let revoked { object["revoked"] = .string(revoked) }
    return .object(object)
  }

  func lines(isOneOfMany: Bool) -> [String] {
    let place = isOneOfMany ? " on \(target)" : ""
    let count = "\(what) has \(given) of \(needed) approvals\(place)"
    let line = revoked.map { "the approval by \($0) is taken back: \(count)" } ?? (isOpen ? "\(what) is approved\(place)" : count)
    return isOneOfMany ? [line] : [line, "next: \(next)"]
  }
}

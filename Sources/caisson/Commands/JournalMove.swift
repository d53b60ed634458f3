import CommandLineKit
import Engine
import JSONText
import Journal
import PlanModel

/// `caisson journal adopt ENVIRONMENT --as NAME --reason TEXT`
struct JournalAdoptCommand: Command {
  static let name = OptionSpec.value("as", "NAME", .text, "the environment's name, typed once more [ENVIRONMENT's]")

  static let spec = CommandSpec(
    "adopt", summary: "make a copied journal this environment's own",
    discussion: """
      For a database that is a copy or restore of another target and lives on under another name. Steps the original was
      at work on are in doubt here, its unfinished runs are paused, its leases, approvals and evidence are void, its
      schedules are paused. The history stays. For the same database after a failover or a move: journal reattach.
      """,
    arguments: [.environment], options: [name, .reason, .yes, .environment, .target, .variable, .output],
    examples: [
      CommandExample(
        #"caisson journal adopt staging.yaml --as staging --reason "refreshed from production""#,
        "after restoring production's backup as staging")
    ])

  private let parsed: ParsedCommand
  private let reason: String

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    reason = try parsed.requiredReason()
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let name = chosen.targetName
    if let typed = parsed.value(Self.name), typed != name {
      throw parsed.usageError("this environment is called '\(name)', not '\(typed)'")
    }
    let consent = Consent(chosen: chosen, console: console, answeredYes: parsed.has(.yes))
    let before = ["Leases, approvals and evidence of the database this one was copied from will be void here."]
    guard try await consent.given(to: "Adopt this journal as \(name)?", after: before) else { return .stopped }
    let adoption = try await chosen.connected("adopt") { connection in
      try await Installer.require(on: connection)
      return try await Adoption.run(on: connection, target: name, actor: Operator.name, reason: reason)
    }
    guard let adoption else {
      throw CommandFailure(
        .refused, "this journal is called \(name) already", hint: "after a failover, restore or move it is reattached",
        next: chosen.next("journal reattach", "--reason", "…"))
    }
    show(adoption, as: name, chosen, console)
    return .done
  }

  private func show(_ adoption: Adoption, as name: String, _ chosen: ChosenEnvironment, _ console: Console) {
    guard console.format == .text else {
      console.print([
        "was": .string(adoption.was), "name": .string(name), "runs": .array(adoption.runs.map { .string($0) }),
        "steps": .int(Int64(adoption.steps)), "approvals": .int(Int64(adoption.approvals)),
        "evidence": .int(Int64(adoption.evidence)), "schedules": .int(Int64(adoption.schedules)),
        "reason": .string(reason), "next": .string(chosen.next("plan")),
      ])
      return
    }
    console.print("the journal was \(adoption.was)'s, is \(name)'s now")
    let counts = [
      (adoption.runs.count, "unfinished runs paused"), (adoption.steps, "steps in doubt"),
      (adoption.approvals, "approvals void"), (adoption.evidence, "pieces of evidence void"),
      (adoption.schedules, "schedules paused"),
    ]
    for (count, what) in counts where count > 0 { console.print("  \(count) \(what)") }
    for run in adoption.runs { console.print("  run \(run.prefix(8)) was begun for \(adoption.was)") }
    console.print("next: \(chosen.next("plan"))")
  }
}

/// `caisson journal reattach ENVIRONMENT --reason TEXT`
struct JournalReattachCommand: Command {
  static let spec = CommandSpec(
    "reattach", summary: "go on after a failover, restore or move",
    discussion: """
      For the same database in another place: a promoted standby, a restored backup, pg_upgrade, another cluster. Make
      sure first that nobody works on the old one. Leases of before run out at once, and fences begin above all that
      anybody may know. What had not reached this server is done again by resume.
      """,
    arguments: [.environment], options: [.reason, .yes, .environment, .target, .variable, .output],
    examples: [
      CommandExample(
        #"caisson journal reattach production.yaml --reason "failover to db2, db1 is off""#, "after the promotion")
    ])

  private let parsed: ParsedCommand
  private let reason: String

  init(_ parsed: ParsedCommand) throws {
    self.parsed = parsed
    reason = try parsed.requiredReason()
  }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let name = chosen.targetName
    let check = try await chosen.connected("reattach") { connection in
      try await Installer.require(on: connection)
      return try await CloneCheck.run(on: connection, target: name)
    }
    if case .copy = check, let refusal = check.refusal { throw chosen.withNext(refusal) }
    guard let refusal = check.refusal else { return attached(nil, chosen, console) }
    let consent = Consent(chosen: chosen, console: console, answeredYes: parsed.has(.yes))
    let before = [refusal.message, "If somebody still works on the old server, both histories go on."]
    guard try await consent.given(to: "Reattach the journal of \(name) here?", after: before) else { return .stopped }
    let done = try await chosen.connected("reattach") {
      try await Reattachment.run(on: $0, target: name, actor: Operator.name, reason: reason)
    }
    return attached(done, chosen, console)
  }

  /// Nothing to do is done, too.
  private func attached(_ done: Reattachment?, _ chosen: ChosenEnvironment, _ console: Console) -> ExitCode {
    let next = chosen.next("resume")
    guard console.format == .text else {
      console.print([
        "reattached": .bool(done != nil), "was": done.flatMap { try? JSON(parsing: $0.was) } ?? .null,
        "now": done.flatMap { try? JSON(parsing: $0.now) } ?? .null, "fence": done.map { .int($0.fence) } ?? .null,
        "leases": .int(Int64(done?.leases ?? 0)), "reason": .string(reason), "next": .string(next),
      ])
      return .done
    }
    guard let done else {
      console.print("the journal is where it was: nothing to do")
      return .done
    }
    console.print("the journal of \(chosen.targetName) is attached here")
    if done.leases > 0 { console.print("  \(done.leases) steps were held: they are free to be taken over") }
    console.print("next: \(next)")
    return .done
  }
}

extension ParsedCommand {
  /// A word without a reason is a usage error: the journal keeps why.
  func requiredReason() throws -> String {
    guard let reason = value(.reason), reason.contains(where: { !$0.isWhitespace }) else {
      throw usageError("say why with --reason: the journal keeps it")
    }
    return reason
  }
}

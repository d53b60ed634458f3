import BuiltinPlugins
import CommandLineKit
import Engine
import Journal
import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText

/// What nearly every command is about: a checked plan, and the database it is for.
struct ChosenEnvironment: Sendable {
  let resolved: ResolvedPlan
  private(set) var next: NextCommand

  init(_ parsed: ParsedCommand) throws { try self.init(PlanRequest(parsed), parsed) }

  /// For what compiles and runs nothing: the plan's private variables need no values.
  init(looking parsed: ParsedCommand) throws {
    try self.init(PlanRequest(parsed, wantsPrivateValues: false), parsed)
  }

  /// For what needs no database: no secret has to be there.
  init(drawing parsed: ParsedCommand) throws {
    try self.init(PlanRequest(parsed, checksSecrets: false, wantsPrivateValues: false), parsed)
  }

  private init(_ request: PlanRequest, _ parsed: ParsedCommand) throws {
    let resolved = try TargetChoice(PlanLoader(.builtin).loadTargets(request), parsed).one()
    self.init(resolved, try NextCommand(parsed, hiding: resolved.privateNames))
  }

  /// The one that is named, or each of an environment's many; for what only looks.
  static func each(looking parsed: ParsedCommand) throws -> [ChosenEnvironment] {
    try each(PlanRequest(parsed, wantsPrivateValues: false), parsed)
  }

  /// The same for what goes with exactly the values of a run.
  static func each(_ parsed: ParsedCommand) throws -> [ChosenEnvironment] { try each(PlanRequest(parsed), parsed) }

  private static func each(_ request: PlanRequest, _ parsed: ParsedCommand) throws -> [ChosenEnvironment] {
    let all = try PlanLoader(.builtin).loadTargets(request)
    let chosen = parsed.has(.target) ? [try TargetChoice(all, parsed).one()] : all
    return try chosen.map { ChosenEnvironment($0, try NextCommand(parsed, hiding: $0.privateNames)) }
  }

  init(_ resolved: ResolvedPlan, _ next: NextCommand) {
    self.resolved = resolved
    self.next = next
    self.next.target = resolved.environment.targetKey
  }

  /// What its journal is called.
  var targetName: String { resolved.environment.targetName }
  var title: String { "\(resolved.plan.name) on \(targetName)" }

  /// The database, its secrets resolved and its sandbox started.
  func target() async throws -> Target { Target(try await TargetAddress(resolving: resolved)) }

  /// A step of the plan by the name typed; what it resembles when there is none.
  func step(named name: String, for parsed: ParsedCommand) throws -> PlanStep {
    if let step = resolved.plan[name] { return step }
    let names = resolved.plan.steps.map(\.id)
    throw parsed.usageError("the plan has no step '\(name)'", suggestion: Spelling.nearest(to: name, in: names))
  }

  /// Where a step stands in its file.
  func place(of step: String) -> String? {
    guard let range = resolved.plan[step]?.range, !range.isNowhere else { return nil }
    return range.description
  }

  /// What the readers had to say that is no error.
  func showWarnings(on console: Console) {
    if !resolved.diagnostics.items.isEmpty { console.note(resolved.diagnostics.render()) }
  }

  /// What apply would do; reads only.
  func preview() async throws -> Preview {
    let target = try await target()
    do {
      let preview = try await Runner(resolved, target: target, registry: .builtin).preview()
      await target.close()
      return preview
    } catch {
      await target.close()
      throw error
    }
  }

  // MARK: Journal

  /// Lends a connection that cannot write; `body` gets `nil` where there is no journal.
  func reading<Value: Sendable>(
    _ purpose: String, _ body: @Sendable (JournalReader?) async throws -> Value
  ) async throws -> Value {
    try await connected(purpose) { connection in
      if !connection.isPooled {
        try await connection.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
      }
      guard let version = try await Installer.version(on: connection) else { return try await body(nil) }
      try Installer.readable(version)
      return try await body(JournalReader(connection))
    }
  }

  /// Lends a connection for the journal that belongs to this environment.
  func writing<Value: Sendable>(
    _ purpose: String, _ body: @Sendable (Connection) async throws -> Value
  ) async throws -> Value {
    let name = targetName
    return try await connected(purpose) { connection in
      try await Installer.require(on: connection)
      if let refusal = try await CloneCheck.run(on: connection, target: name).refusal { throw refusal }
      return try await body(connection)
    }
  }

  func connected<Value: Sendable>(
    _ purpose: String, _ body: @Sendable (Connection) async throws -> Value
  ) async throws -> Value {
    let address = try await TargetAddress(resolving: resolved)
    let connection = try await Connection.connect(
      address.session ?? address.connection, ConnectionSettings(applicationName: "\(Tool.name):\(purpose)"))
    do {
      if !connection.isPooled {
        try await connection.query(PinnedSettings().sql(forVersion: connection.serverVersion, local: false))
      }
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw withNext(error)
    }
  }

  /// A journal that refuses names the command that helps; here it is written out.
  func withNext(_ error: any Error) -> any Error {
    guard let journal = error as? JournalError, let next = next(journal) else { return error }
    var problem = Problem(journal)
    problem.next = next
    return CommandFailure(problem)
  }

  func next(_ error: JournalError) -> String? {
    guard let command = error.command.first else { return nil }
    return next(command, more: Array(error.command.dropFirst()))
  }
}

extension JournalReader {
  /// The run named, by its id or the beginning of it, or the latest of this plan in this environment.
  func run(_ id: String?, of chosen: ChosenEnvironment) async throws -> RunRecord? {
    guard let id else {
      return try await latestRun(plan: chosen.resolved.plan.name, environment: chosen.resolved.environment.name)
    }
    let matching = try await history(limit: 10_000).filter { $0.id.hasPrefix(id.lowercased()) }
    if let only = matching.first, matching.count == 1 { return only }
    throw CommandFailure(
      .usage, matching.isEmpty ? "the journal has no run '\(id)'" : "\(matching.count) runs begin with '\(id)'",
      next: chosen.next("history"))
  }
}

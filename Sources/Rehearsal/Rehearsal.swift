package import Engine
package import PlanModel
package import PluginAPI
import Catalog
import ChildProcess
import JSONText
import PlanSchema
import PostgresClient
import SQLText
import Sandbox

/// Runs a plan on a clone of its target: apply, the same again, rollback, apply, and compares the catalog each time.
package struct Rehearsal: Sendable {
  let resolved: ResolvedPlan
  let source: Target
  let registry: StepRegistry
  let rows: RowChoice?
  let keeps: Bool
  let stop: StopSignal
  /// Told what goes on, a line for a person.
  let tell: @Sendable (String) -> Void

  package init(
    _ resolved: ResolvedPlan, source: Target, registry: StepRegistry, rows: RowChoice?, keeps: Bool, stop: StopSignal,
    tell: @escaping @Sendable (String) -> Void
  ) {
    self.resolved = resolved
    self.source = source
    self.registry = registry
    self.rows = rows
    self.keeps = keeps
    self.stop = stop
    self.tell = tell
  }

  static let prefix = "rehearsal"

  package func run() async throws -> RehearsalReport {
    for name in await ScratchCluster.sweep(Self.prefix) { tell("removed \(name), which a rehearsal that died had left") }
    let finished = try await finishedSteps()
    let connection = try await source.session(purpose: "rehearsal")
    let scratch: ScratchCluster
    do {
      _ = try await connection.query("SET default_transaction_read_only = on")
      scratch = try await cluster(for: connection)
    } catch {
      await connection.close()
      throw error
    }
    let outcome: Result<RehearsalReport, any Error>
    do { outcome = .success(try await rehearse(connection, scratch, finished)) } catch { outcome = .failure(error) }
    await connection.close()
    if keeps, case .success = outcome { scratch.keep() } else { await scratch.discard() }
    return try outcome.get()
  }

  private func finishedSteps() async throws -> Set<String> {
    let standing = try await Runner(resolved, target: source, registry: registry).standing()
    if let live = standing.live {
      throw EngineError(
        .refused, "run \(live.prefix(8)) of this plan is unfinished on the target: a clone of it would be in the midst of it",
        hint: "let it end, or roll it back")
    }
    guard resolved.plan.steps.contains(where: { !standing.finished.contains($0.id) && $0.skip == nil }) else {
      throw EngineError(.refused, "the target has all of this plan already: nothing is left to rehearse", hint: "caisson history")
    }
    return standing.finished
  }

  /// Set up as the target's server is, where that changes what a plan may do.
  private func cluster(for connection: Connection) async throws -> ScratchCluster {
    let programs = try await ServerPrograms.find(major: connection.serverVersion / 10_000)
    var settings = ["wal_level": "logical", "max_connections": "60", "jit": "off", "max_prepared_transactions": "10"]
    let names = ["max_locks_per_transaction", "default_toast_compression", "wal_level"]
    for row in try await connection.query("SELECT name, setting FROM pg_settings WHERE name = ANY (\(names)::text[])").rows {
      settings[try row.string("name")] = try row.string("setting")
    }
    if settings["wal_level"] == "minimal" { settings["max_wal_senders"] = "0" }
    settings["max_locks_per_transaction"] = String(max(256, settings["max_locks_per_transaction"].flatMap { Int($0) } ?? 0))
    return try await ScratchCluster.make(Self.prefix, programs: programs, settings: settings)
  }

  private func rehearse(
    _ connection: Connection, _ scratch: ScratchCluster, _ finished: Set<String>
  ) async throws -> RehearsalReport {
    var report = RehearsalReport()
    report.rows = rows?.description
    let clock = ContinuousClock.now
    let clone = try await CloneDatabase(of: connection, in: scratch, for: resolved.environment.name)
    let address = source.address.session ?? source.address.connection
    let copied = try await SchemaClone(source: connection, address: address, clone: clone, rows: rows).run()
    let text = "\(copied.tables) tables, \(rows.map { "\(copied.rows) rows (\($0))" } ?? "no rows") of \(address.redacted)"
    report.stages.append(.init(name: "clone", text: text, seconds: clock.seconds))
    tell("clone: \(text)")
    let folder = try PlanCopy.make(of: resolved.folder, in: scratch.folder)
    let plan = RehearsedPlan(resolved, folder: folder, finished: finished, registry: registry)
    var passage = Passage(rehearsal: self, clone: clone, plan: plan)
    try await passage.run(&report)
    if report.hasPassed { report.isRemembered = try await remember(report) }
    if keeps { report.place = clone.superuser(of: clone.name).redacted }
    return report
  }

  private func remember(_ report: RehearsalReport) async throws -> Bool {
    try await Runner(resolved, target: source, registry: registry).remember(rehearsal: [
      ("plan", .string(resolved.plan.name)), ("environment", .string(resolved.environment.name)),
      ("plan_hash", .string(resolved.planHash)), ("release_hash", .string(resolved.releaseHash)),
      ("kept", .array(report.kept.compactMap { $0.step.map(JSON.string) })),
      ("not_rehearsed", .array(report.omissions.filter { !$0.isPart }.compactMap { $0.step.map(JSON.string) })),
      ("rows", report.rows.map(JSON.string) ?? .null),
    ])
  }
}

extension ContinuousClock.Instant {
  /// Since then.
  var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - self).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}

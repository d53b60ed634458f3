import Catalog
import Engine
import PlanModel
import PostgresClient
import SQLText
import Sandbox

/// There, back and there again. Where steps turn out to have no way back it begins anew, with those applied before the
/// catalog is looked at first.
struct Passage {
  let rehearsal: Rehearsal
  let clone: CloneDatabase
  var plan: RehearsedPlan

  /// An outcome that ends it early.
  private struct Ended: Error { let verdict: RehearsalReport.Verdict }

  private typealias Stage = RehearsalReport.Stage

  mutating func run(_ report: inout RehearsalReport) async throws {
    let guardian = RehearsalGuard(folder: plan.resolved.folder)
    try await clone.renew()
    try await look(guardian)
    if plan.isEmpty {
      throw EngineError(.refused, "no step of this plan can be rehearsed: \(reasons)", hint: "try it on a staging system")
    }
    do {
      var kept: [String: String] = [:]
      // Each time at least one more stays.
      while let more = try await attempt(keeping: kept, guardian, &report) {
        kept = more
        try await clone.renew()
      }
    } catch let ended as Ended {
      report.verdict = ended.verdict
    }
    report.omissions = plan.omitted + guardian.omissions.filter { !$0.isWhole }.map { .init(step: $0.step, reason: $0.reason, isPart: true) }
  }

  private var reasons: String { plan.omitted.map { "\($0.step ?? "all"): \($0.reason)" }.joined(separator: "; ") }

  /// What cannot be run here is known before anything runs, as far as the first phases tell.
  private mutating func look(_ guardian: RehearsalGuard) async throws {
    let (runner, target) = runner(guardian)
    do {
      _ = try await runner.preview()
    } catch {
      await target.close()
      throw error
    }
    await target.close()
    let whole = Dictionary(guardian.omissions.filter(\.isWhole).map { ($0.step, $0.reason) }, uniquingKeysWith: { first, _ in first })
    plan.leaveOut(whole, with: try runner.relatives(of: Set(whole.keys), needed: false))
  }

  private func runner(_ guardian: RehearsalGuard) -> (Runner, Target) {
    let own = rehearsal.source.address
    let target = Target(
      TargetAddress(name: own.name, connection: clone.work, role: own.role, lease: own.lease, secrets: own.secrets))
    let runner = Runner(
      plan.resolved, target: target, registry: rehearsal.registry, stop: rehearsal.stop, rehearsal: guardian)
    return (runner, target)
  }

  /// Returns which steps have to stay, where those are more than was thought.
  private func attempt(
    keeping kept: [String: String], _ guardian: RehearsalGuard, _ report: inout RehearsalReport
  ) async throws -> [String: String]? {
    let (runner, target) = runner(guardian)
    report.stages.removeAll { $0.name != "clone" }
    do {
      let more = try await pass(runner, kept, &report)
      await target.close()
      return more
    } catch {
      await target.close()
      throw error
    }
  }

  private func pass(
    _ runner: Runner, _ kept: [String: String], _ report: inout RehearsalReport
  ) async throws -> [String: String]? {
    for step in kept.keys.sorted() { try expect(await runner.apply(until: step), at: "apply", partly: true) }
    let before = try await catalog(runner)
    try await stage("apply", &report) { try expect(await runner.apply(), at: "apply") }
    let applied = try await catalog(runner)
    try await stage("apply again", &report) {
      let report = try await runner.apply()
      guard case .alreadyApplied = report.ending else { throw Ended(verdict: .stopped(at: "apply again", report)) }
      return "already applied"
    }
    let all = try await staying(runner, kept)
    let running = plan.resolved.plan.steps.filter { $0.skip == nil && all[$0.id] == nil }
    if all.count > kept.count, !running.isEmpty {
      rehearsal.tell("\(all.keys.sorted().joined(separator: ", ")): no way back; once more, with those done beforehand")
      return all
    }
    report.kept = all.sorted { $0.key < $1.key }.map { .init(step: $0.key, reason: $0.value) }
    guard !running.isEmpty else {
      report.stages.append(Stage(name: "rollback", text: "no step has a way back", seconds: 0))
      return nil
    }
    try await stage("rollback", &report) {
      let report = try await runner.rollback(keeping: Set(kept.keys))
      guard case .rolledBack = report.ending else { throw Ended(verdict: .stopped(at: "rollback", report)) }
      try compare(before, try await catalog(runner), after: "rollback")
      return "\(running.count) steps taken back, the catalog is what it was"
    }
    try await stage("apply once more", &report) {
      try expect(await runner.apply(), at: "apply once more")
      try compare(applied, try await catalog(runner), after: "second apply")
      return "the catalog is what it was after the first time"
    }
    return nil
  }

  // MARK: Parts

  @discardableResult
  private func expect(_ report: RunReport, at stage: String, partly: Bool = false) throws -> String {
    switch report.ending {
    case .succeeded: return "\(report.steps.count) steps"
    case .alreadyApplied where partly: return "already applied"
    default: throw Ended(verdict: .stopped(at: stage, report))
    }
  }

  private func stage(_ name: String, _ report: inout RehearsalReport, _ body: () async throws -> String) async throws {
    let clock = ContinuousClock.now
    rehearsal.tell("\(name) …")
    let text = try await body()
    report.stages.append(Stage(name: name, text: text, seconds: clock.seconds))
  }

  /// Steps past a point of no return, with what they need.
  private func staying(_ runner: Runner, _ kept: [String: String]) async throws -> [String: String] {
    let points = try await runner.pointsOfNoReturn()
    var all = kept
    for point in points { all[point.step] = point.reason }
    for step in try runner.relatives(of: Set(points.map(\.step)), needed: true) where plan.resolved.plan[step]?.skip == nil {
      all[step] = all[step] ?? "a step without a way back needs it"
    }
    return all
  }

  private func compare(_ before: SchemaText, _ after: SchemaText, after stage: String) throws {
    let changes = before.difference(to: after)
    if !changes.isEmpty { throw Ended(verdict: .differs(after: stage, changes)) }
  }

  private func catalog(_ runner: Runner) async throws -> SchemaText {
    let hidden = runner.tags(ofRuns: 4)
    return try await clone.administering(clone.name) { connection in
      _ = try await connection.query("SET search_path = pg_catalog")
      return try SchemaText(try await connection.query(SchemaText.query).rows, hiding: hidden)
    }
  }
}

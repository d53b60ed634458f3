import Catalog
import Digest
package import Journal
package import PlanModel
package import PluginAPI
import PostgresClient
import RunModel

/// How an apply, resume or rollback ended.
package struct RunReport: Sendable {
  package enum Ending: Sendable {
    case succeeded
    /// The same plan has been applied before and nothing has changed since.
    case alreadyApplied
    case failed([EngineError])
    /// Stopped at a checkpoint.
    case interrupted
    case blocked([(step: String, reason: String)])
    /// Steps of it are in another runner's hands.
    case held(String)
    case rolledBack
    /// Closed gates, each with its reason.
    case waiting([ClosedGate])
    /// Left to workers.
    case submitted
    /// Somebody asked for it.
    case asked(RunWish)
    case refused([(step: String, finding: Finding)])
  }

  package let run: String?
  package let ending: Ending
  package let steps: [StepRecord]
}

/// Applies, resumes and rolls back one plan on one target.
package struct Runner: Sendable {
  let resolved: ResolvedPlan
  let target: Target
  let registry: StepRegistry
  let stop: StopSignal
  let reporter: Reporter
  /// Steps and operations side by side at most.
  let width: Int
  /// The program that guards an open bracket: this one.
  let guardian: String
  /// Empty, or what tells a firing's runs from the plan's own.
  let variant: String
  /// Set in a rehearsal.
  let rehearsal: RehearsalGuard?

  package init(
    _ resolved: ResolvedPlan, target: Target, registry: StepRegistry, width: Int = 4, stop: StopSignal = StopSignal(),
    variant: String = "", guardian: String = GuardianLink.ownProgram, rehearsal: RehearsalGuard? = nil,
    reporter: @escaping Reporter = { _ in }
  ) {
    self.resolved = resolved
    self.target = target
    self.registry = registry
    self.width = width
    self.stop = stop
    self.variant = variant
    self.rehearsal = rehearsal
    self.guardian = guardian
    self.reporter = reporter
  }

  func compiler() async throws -> Compiler {
    Compiler(
      registry: registry, capabilities: try await target.capabilities(), folder: resolved.folder,
      role: target.address.role, own: OwnProgram(path: guardian, secrets: target.address.secrets), rehearsal: rehearsal)
  }

  // MARK: Looking

  /// What would happen; reads only, works without a journal.
  package func preview() async throws -> Preview {
    let connection = try await target.work()
    do {
      let finished = try await JournalAccess(target: target).finishedSteps(
        of: resolved, registry: registry, on: connection)
      let prepared = try await compiler().prepare(
        resolved.plan, finished: finished, tag: try await JournalAccess(target: target).tag(of: resolved, on: connection),
        accepting: accepted, on: connection
      ).adding(try await blockerFindings(on: connection))
      var preview = try await Preview(prepared, finished: finished, on: connection, role: target.address.role, capabilities: try await target.capabilities())
      await target.giveBack(connection)
      preview.evidence = try await evidencePreview(finished: finished)
      if !prepared.steps.isEmpty { preview.forecast = try await forecastPreview(prepared, preview.evidence?.measured ?? []) }
      return preview
    } catch {
      await connection.rollback()
      await target.giveBack(connection)
      throw error
    }
  }

  var accepted: Set<String> { Set(resolved.environment.acceptIrreversible) }

  /// Asked as the role that connects: sessions are canceled by it, whatever `role:` says.
  private func blockerFindings(on connection: Connection) async throws -> [Finding] {
    guard let rule = resolved.environment.blockers.rule else { return [] }
    return try await BlockerRights(rule: rule).findings(on: connection)
  }

  // MARK: Doing

  /// Starts a run, or goes on with the one this plan already has.
  /// `amending`: also when the plan was edited since.
  package func apply(until: String? = nil, again: Bool = false, amending: Bool = false) async throws -> RunReport {
    switch try await begin(again: again, amending: amending) {
    case .live(let run): return try await proceed(run, resumed: true, until: until)
    case .created(let run, let prepared): return try await proceed(run, resumed: false, until: until, prepared: prepared)
    case .ended(let report): return report
    }
  }

  enum Beginning {
    /// This plan has an unfinished run.
    case live(String)
    case created(String, Preparation)
    /// Nothing is to be run.
    case ended(RunReport)
  }

  func begin(again: Bool, amending: Bool = false) async throws -> Beginning {
    // A run without its proof at the end is noticed at the beginning.
    _ = try signingKey()
    let access = JournalAccess(target: target)
    let connection = try await target.work()
    // What is refused leaves nothing behind, and no journal either.
    let first = try await access.exists(on: connection) ? nil : try await prepare([], on: connection)
    if let first, !first.refusals.isEmpty {
      await target.giveBack(connection)
      return .ended(RunReport(run: nil, ending: .refused(first.refusals), steps: []))
    }
    let isNew = try await access.prepareJournal(on: connection)
    try await ScheduleClock(connection: connection).checkZones(of: resolved)
    if amending, let amended = try await amend(on: connection) {
      await target.giveBack(connection)
      guard amended.refusals.isEmpty else {
        return .ended(RunReport(run: amended.run, ending: .refused(amended.refusals), steps: []))
      }
      return .live(amended.run)
    }
    if let live = try await access.liveRun(of: resolved, on: connection) {
      await target.giveBack(connection)
      return .live(live)
    }
    if !again, let done = try await access.lastSuccess(of: resolved, on: connection) {
      await target.giveBack(connection)
      await proving(done.id)
      return .ended(try await registeringSchedules(RunReport(run: done.id, ending: .alreadyApplied, steps: [])))
    }
    try await access.refuseOtherLiveRun(of: resolved, on: connection)
    let finished = again ? [] : try await access.carriedOver(resolved, registry: registry, on: connection)
    let prepared = if isNew, let first { first } else { try await prepare(finished, on: connection) }
    guard prepared.refusals.isEmpty else {
      await target.giveBack(connection)
      return .ended(RunReport(run: nil, ending: .refused(prepared.refusals), steps: []))
    }
    try await refuseSessionless(prepared)
    do {
      let run = try await access.createRun(resolved, prepared: prepared, carried: finished, on: connection)
      await target.giveBack(connection)
      return .created(run, prepared)
    } catch let error as PostgresError where error.isConnectionLoss {
      await target.giveBack(connection)
      // Its COMMIT may have come through.
      guard let live = await access.liveRunAfterLoss(of: resolved) else { throw error }
      return .live(live)
    }
  }

  private func prepare(_ finished: Set<String>, on connection: Connection) async throws -> Preparation {
    try await compiler().prepare(
      resolved.plan, finished: finished, tag: try await JournalAccess(target: target).tag(of: resolved, on: connection),
      accepting: accepted, on: connection
    ).adding(try await blockerFindings(on: connection))
  }

  /// Goes on with the run this plan already has.
  package func resume(amending: Bool = false) async throws -> RunReport {
    let access = JournalAccess(target: target)
    let connection = try await target.work()
    try await access.prepareJournal(on: connection)
    if amending, let amended = try await amend(on: connection) {
      await target.giveBack(connection)
      guard amended.refusals.isEmpty else {
        return RunReport(run: amended.run, ending: .refused(amended.refusals), steps: [])
      }
      return try await proceed(amended.run, resumed: true, until: nil)
    }
    guard let live = try await access.liveRun(of: resolved, on: connection) else {
      try await access.refuseOtherLiveRun(of: resolved, on: connection)
      if let done = try await access.lastSuccess(of: resolved, on: connection) {
        await target.giveBack(connection)
        await proving(done.id)
        return RunReport(run: done.id, ending: .alreadyApplied, steps: [])
      }
      throw EngineError(.unknown, "there is no unfinished run of this plan", hint: "start one with caisson apply")
    }
    await target.giveBack(connection)
    return try await proceed(live, resumed: true, until: nil)
  }

  /// What needs a session is refused before anything runs.
  func refuseSessionless(_ prepared: Preparation) async throws {
    guard try await target.capabilities().pooled else { return }
    let needy = prepared.steps.first { $0.compiled?.program.everyLeaf.contains(where: \.needsSession) ?? false }
    if let needy {
      var error = Target.needsSession
      error.step = needy.step.id
      throw error
    }
  }

  func proceed(
    _ run: String, resumed: Bool, until: String?, prepared: Preparation? = nil, joining: Bool = false
  ) async throws -> RunReport {
    let session = try await RunSession.open(self, run: run, resumed: resumed)
    do {
      let report = try await session.proceed(until: until, prepared: prepared, joining: joining)
      await session.close()
      return try await registeringSchedules(report)
    } catch {
      await session.close()
      throw error
    }
  }
}

/// What names of helper objects derive from: the same in `plan` and in the run that follows it, another in the next run.
struct RunTag: Sendable {
  private let digest: String

  /// `earlier`: how many runs of this very plan, and variant, the target has had before.
  init(planHash: String, variant: String = "", earlier: Int) {
    let origin = "\(planHash)/\(earlier)" + (variant.isEmpty ? "" : "/\(variant)")
    digest = String(SHA256.hex(of: origin).prefix(8))
  }

  func of(_ step: String) -> String { "\(digest)_\(step)" }
}

extension Operation {
  /// A statement of its own session; and behind a paused pool there would be no way to go on.
  fileprivate var needsSession: Bool {
    switch work {
    case .autocommit, .bracket: true
    default: false
    }
  }
}

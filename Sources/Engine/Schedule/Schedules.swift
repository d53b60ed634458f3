import JSONText
package import Journal
package import PlanModel
import PlanSchema
package import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// What became of a schedule when it was registered.
package struct ScheduleChange: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable {
    /// It is new, or back.
    case added
    /// It has another time: its next moment was found anew.
    case changed
    /// The plan around it, or its policy, is another one.
    case updated
    case kept, removed
  }

  package let step: String
  package let kind: Kind
}

/// Scheduled steps of one plan on one target: registering them, seeing what is due, carrying it out.
///
/// Everything is in the journal: any number of processes may call any of this at any time.
package struct Schedules: Sendable {
  /// With what goes along with its steps.
  let resolved: ResolvedPlan
  let target: Target
  let registry: StepRegistry
  let width: Int
  let stop: StopSignal
  let reporter: Reporter

  package init(
    _ resolved: ResolvedPlan, target: Target, registry: StepRegistry, width: Int = 4, stop: StopSignal = StopSignal(),
    reporter: @escaping Reporter = { _ in }
  ) {
    self.resolved = resolved.attended(by: registry)
    self.target = target
    self.registry = registry
    self.width = width
    self.stop = stop
    self.reporter = reporter
  }

  var scope: ScheduleScope {
    ScheduleScope(
      plan: resolved.plan.name, environment: resolved.environment.name, target: target.address.name,
      planHash: resolved.planHash)
  }

  private var actor: String {
    let identity = ThisProcess.identity()
    return "\(identity.host)/\(identity.processID)"
  }

  private var scheduled: [PlanStep] { resolved.plan.steps.filter { $0.schedule != nil && $0.skip == nil } }

  // MARK: Registering

  /// Makes the target's schedules those of the plan: after a successful apply, and when a worker begins. What keeps its
  /// time keeps its next moment and its pause.
  @discardableResult
  package func register() async throws -> [ScheduleChange] {
    try await target.lending { connection in
      try await JournalAccess(target: target).prepareJournal(on: connection)
      let known = try await JournalReader(connection).schedules(
        plan: scope.plan, environment: scope.environment, target: scope.target)
      if known.isEmpty, scheduled.isEmpty { return [] }
      try await ScheduleClock(connection: connection).checkZones(of: resolved)
      let wanted = try await wanted(on: connection)
      // Whoever has a schedule locked has it for a moment only.
      for _ in 0..<600 {
        if let changes = try await attempt(wanted, on: connection) { return changes }
        await stop.sleep(milliseconds: 50)
      }
      throw EngineError(.held, "the schedules are being worked on by another process", hint: "try again")
    }
  }

  private func attempt(_ wanted: JSON, on connection: Connection) async throws -> [ScheduleChange]? {
    let results = try await connection.batch([
      "BEGIN",
      JournalSQL.insertPlan(
        hash: resolved.planHash, releaseHash: resolved.releaseHash, name: resolved.plan.name,
        environment: resolved.environment.name, canonical: 1, resolved: resolved.json,
        engineVersion: EngineVersion.text),
      JournalSQL.registerSchedules(scope, wanted: wanted, actor: actor),
      "COMMIT",
    ])
    let rows = results[2].rows
    if rows.contains(where: { $0["step"] == nil }) { return nil }
    return try rows.compactMap { row in
      let step = try row.string("step")
      return ScheduleChange.Kind(rawValue: try row.string("change")).map { ScheduleChange(step: step, kind: $0) }
    }
  }

  private func wanted(on connection: Connection) async throws -> JSON {
    var rows: [JSON] = []
    for step in scheduled {
      guard let rule = step.schedule else { continue }
      let next = try await ScheduleClock(connection: connection).moments(of: rule.timing, from: nil).next
      var row = rule.json.object ?? JSONObject()
      row["step"] = .string(step.id)
      if case .every(let span) = rule.timing { row["every"] = .string("\(span.milliseconds) milliseconds") }
      row["next"] = next.map { .int($0.microseconds) }
      rows.append(.object(row))
    }
    return .array(rows)
  }

  // MARK: Looking

  /// How long until there is something to fire; zero: now. `nil`: nothing is scheduled, or another process has
  /// registered another version of the plan.
  package func nextDue() async throws -> Duration? {
    try await target.lending { connection in
      guard let row = try await connection.query(JournalSQL.nextFiring(scope)).rows.first, row["seconds"] != nil
      else { return nil }
      return .milliseconds(Int64((try row.double("seconds") * 1000).rounded(.up)))
    }
  }

  /// Records what has come as firings. `fireDue` does it too; somebody has to while long work goes on.
  @discardableResult
  package func recordDue() async throws -> Int { try await target.lending { try await recorder(on: $0).recordAll() } }

  /// As the journal has them.
  package func list() async throws -> [ScheduleRecord] {
    try await target.lending { connection in
      try await JournalReader(connection).schedules(
        plan: scope.plan, environment: scope.environment, target: scope.target)
    }
  }

  // MARK: A person's word

  /// False: it is paused already, or there is no such schedule.
  package func pause(_ step: String, by: String, reason: String) async throws -> Bool {
    try await target.lending { connection in
      let statement = JournalSQL.pauseSchedule(scope, step: step, by: by, reason: reason)
      return try await !connection.query(statement).rows.isEmpty
    }
  }

  /// What came while it was paused is left out; a firing whose run was paused goes on. False: nothing is paused.
  package func resume(_ step: String, by: String, reason: String?) async throws -> Bool {
    let isRunResumed = try await target.lending { connection in
      let current = try await JournalReader(connection).schedules(
        plan: scope.plan, environment: scope.environment, target: scope.target).first { $0.step == step }?.current
      guard let run = current?.run, try await JournalReader(connection).run(run)?.desired == .pause
      else { return false }
      return try await !connection.query(JournalSQL.setDesired(run, .run, by: by, reason: reason)).rows.isEmpty
    }
    return try await patiently { try await recorder(on: $0).resume(step, by: by, reason: reason) } || isRunResumed
  }

  /// An extra firing, now, whether the schedule is paused or not. False: one waits already.
  package func trigger(_ step: String, by: String, reason: String?) async throws -> Bool {
    try await patiently { try await recorder(on: $0).trigger(step, by: by, reason: reason) }
  }

  private func patiently(_ body: @Sendable (Connection) async throws -> Bool?) async throws -> Bool {
    for _ in 0..<100 {
      if let answer = try await target.lending(body) { return answer }
      await stop.sleep(milliseconds: 50)
    }
    return false
  }

  func recorder(on connection: Connection) -> DueRecorder {
    DueRecorder(connection: connection, scope: scope, actor: actor)
  }
}

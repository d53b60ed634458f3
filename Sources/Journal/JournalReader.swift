package import PostgresClient
package import RunModel
package import SQLText

/// What `status`, `history`, `events` and `logs` read. Each call is one statement.
package struct JournalReader: Sendable {
  package let connection: Connection

  package init(_ connection: Connection) { self.connection = connection }

  // MARK: Plans and runs

  package func plan(hash: String) async throws -> PlanRecord? {
    try await first("SELECT \(sql: PlanRecord.columns) FROM caisson.plan WHERE plan_hash = \(JournalSQL.bytes(hash))")
  }

  package func run(_ id: String) async throws -> RunRecord? {
    try await first("\(sql: RunRecord.select) WHERE r.run_id = \(id)")
  }

  /// Runs that are not finished, the oldest first.
  package func liveRuns() async throws -> [RunRecord] {
    try await all("\(sql: RunRecord.select) WHERE r.finished_at IS NULL ORDER BY r.created_at")
  }

  /// The newest run of a plan itself, by name and environment, finished or not: firings of its schedules are others.
  package func latestRun(plan: String, environment: String) async throws -> RunRecord? {
    try await first(
      """
      \(sql: RunRecord.select) WHERE p.name = \(plan) AND p.environment = \(environment)
        AND NOT starts_with(r.variant, 'schedule:')
      ORDER BY r.created_at DESC LIMIT 1
      """)
  }

  /// The succeeded run with the phase that is due first.
  package func firstToFinalize(plan: String, environment: String) async throws -> RunRecord? {
    try await first(
      """
      \(sql: RunRecord.select) WHERE p.name = \(plan) AND p.environment = \(environment) AND r.state = 'succeeded'
        AND r.finalize_due IS NOT NULL ORDER BY r.finalize_due LIMIT 1
      """)
  }

  /// The live run of exactly this plan, if there is one, else its newest.
  package func latestRun(planHash: String, target: String, variant: String = "") async throws -> RunRecord? {
    try await first(
      """
      \(sql: RunRecord.select) WHERE r.plan_hash = \(JournalSQL.bytes(planHash)) AND r.target = \(target)
        AND r.variant = \(variant) ORDER BY r.finished_at IS NULL DESC, r.created_at DESC LIMIT 1
      """)
  }

  /// The newest first.
  package func history(limit: Int = 50) async throws -> [RunRecord] {
    try await all("\(sql: RunRecord.select) ORDER BY r.created_at DESC LIMIT \(limit)::integer")
  }

  // MARK: Steps

  package func steps(run: String) async throws -> [StepRecord] {
    try await all("\(sql: StepRecord.select) WHERE s.run_id = \(run) ORDER BY s.ord, s.step")
  }

  package func standings(run: String) async throws -> [StepStanding] {
    try await all("\(sql: StepStanding.select) WHERE s.run_id = \(run) ORDER BY s.ord, s.step")
  }

  package func step(_ step: String, run: String) async throws -> StepRecord? {
    try await first("\(sql: StepRecord.select) WHERE s.run_id = \(run) AND s.step = \(step)")
  }

  package func gates(run: String) async throws -> [GateRecord] {
    try await all("\(sql: GateRecord.select) WHERE g.run_id = \(run) ORDER BY g.gate")
  }

  /// In the order in which they were given.
  package func approvals(runs: [String]) async throws -> [ApprovalRecord] {
    try await all(
      """
      SELECT a.run_id, a.gate, a.by_role, a.actor, a.reason, a.at FROM caisson.approval a
      WHERE a.run_id = ANY (\(runs)::uuid[]) ORDER BY a.at
      """)
  }

  /// Of one step, or of the whole run.
  package func tasks(run: String, step: String? = nil) async throws -> [TaskRecord] {
    try await all("\(sql: TaskRecord.select) WHERE t.run_id = \(run) \(sql: only(step, "t")) ORDER BY t.step, t.task")
  }

  /// Of one operation of a program. A step of a thousand partitions has thousands of tasks: they are not all read for each.
  package func tasks(
    run: String, step: String, of operation: String, phase: Int, program: Int, direction: Direction
  ) async throws -> [TaskRecord] {
    try await all(
      """
      \(sql: TaskRecord.select) WHERE t.run_id = \(run) AND t.step = \(step) AND t.operation = \(operation)
        AND t.phase = \(phase) AND t.attempt = \(program) AND t.direction = \(direction.rawValue) ORDER BY t.task
      """)
  }

  package func tasks(run: String, step: String, numbered numbers: [Int]) async throws -> [TaskRecord] {
    try await all(
      """
      \(sql: TaskRecord.select) WHERE t.run_id = \(run) AND t.step = \(step)
        AND t.task = ANY (\(numbers.map(String.init))::integer[]) ORDER BY t.task
      """)
  }

  package func programs(run: String, step: String? = nil) async throws -> [ProgramRecord] {
    try await all(
      """
      \(sql: ProgramRecord.select) WHERE p.run_id = \(run) \(sql: only(step, "p"))
      ORDER BY p.step, p.phase, p.attempt
      """)
  }

  /// With the errors of those that failed.
  package func attempts(run: String, step: String? = nil) async throws -> [AttemptRecord] {
    try await all(
      """
      \(sql: AttemptRecord.select) WHERE a.run_id = \(run) \(sql: only(step, "a"))
      ORDER BY a.started_at, a.step, a.attempt
      """)
  }

  /// What keeps a step from being claimed, in words.
  package func whyNot(run: String, step: String) async throws -> String {
    try await connection.query("SELECT caisson.why_not(\(run), \(step))").value ?? "no such step"
  }

  // MARK: History and runners

  /// In the order of appending, after `id`.
  package func events(
    after id: Int64 = 0, run: String? = nil, plan: String? = nil, step: String? = nil, limit: Int = 1000
  ) async throws -> [EventRecord] {
    let ofRun: SQL = run.map { "AND \(sql: events(of: $0, plan))" } ?? ""
    return try await all(
      """
      \(sql: EventRecord.select) WHERE e.id > \(id) \(sql: ofRun) \(sql: only(step, "e"))
      ORDER BY e.id LIMIT \(limit)::integer
      """)
  }

  /// Runners not known to be dead, with what they hold.
  package func runners(all everyone: Bool = false) async throws -> [RunnerRecord] {
    let alive: SQL = everyone ? "" : "WHERE x.dead_at IS NULL"
    return try await all("\(sql: RunnerRecord.select) \(sql: alive) ORDER BY x.started_at")
  }

  /// The runner that holds steps of this run, if any.
  package func holders(run: String) async throws -> [RunnerRecord] {
    try await all(
      """
      \(sql: RunnerRecord.select)
      WHERE x.runner_id IN (SELECT runner_id FROM caisson.lease WHERE run_id = \(run)) ORDER BY x.started_at
      """)
  }

  // MARK: Decoding

  private func only(_ step: String?, _ table: String) -> SQL {
    guard let step else { return "" }
    return "AND \(sql: table).step = \(step)"
  }

  private func all<Record: DecodedFromRow>(_ sql: SQL) async throws -> [Record] {
    try await rows(sql).map(Record.init)
  }

  private func first<Record: DecodedFromRow>(_ sql: SQL) async throws -> Record? {
    try await rows(sql).first.map(Record.init)
  }

  /// A run asks the same again and again.
  private func rows(_ sql: SQL) async throws -> [Row] { try await connection.batch([sql], prepare: true)[0].rows }
}

/// A record that is one row of a query of its own.
package protocol DecodedFromRow {
  init(_ row: Row) throws
}

extension PlanRecord: DecodedFromRow {}
extension RunRecord: DecodedFromRow {}
extension StepRecord: DecodedFromRow {}
extension StepStanding: DecodedFromRow {}
extension TaskRecord: DecodedFromRow {}
extension GateRecord: DecodedFromRow {}
extension ProgramRecord: DecodedFromRow {}
extension AttemptRecord: DecodedFromRow {}
extension EventRecord: DecodedFromRow {}
extension RunnerRecord: DecodedFromRow {}

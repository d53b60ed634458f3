import Journal
import PlanSchema
import PostgresClient
import RunModel
import SQLText

/// Turns moments that have come into firings, or into the record of why not: once each, whoever looks.
///
/// The schedule's row is locked by one statement and what decides is read by later ones; next_at moves in the same
/// transaction, so a recorder that dies leaves everything or nothing.
struct DueRecorder {
  let connection: Connection
  let scope: ScheduleScope
  let actor: String

  /// How many schedules were brought up to now.
  func recordAll() async throws -> Int {
    var recorded = 0
    while try await recordOne() { recorded += 1 }
    return recorded
  }

  private func recordOne() async throws -> Bool {
    try await locked(JournalSQL.lockDueSchedule(scope)) { schedule in
      let id = try schedule.int64("schedule_id")
      let statements = try await settling(schedule, paused: nil)
      _ = try await connection.batch(statements)
      return id
    } != nil
  }

  /// A person lets a paused schedule go on: what came meanwhile is left out, in one row. False: it is not paused.
  func resume(_ step: String, by: String, reason: String?) async throws -> Bool? {
    try await locked(JournalSQL.lockSchedule(scope, step: step)) { schedule in
      guard let pausedBy = schedule["paused_by"] else { return false }
      let why = "paused by \(pausedBy)" + (schedule["paused_reason"].map { ": \($0)" } ?? "")
      let id = try schedule.int64("schedule_id")
      let statements = try await settling(schedule, paused: why)
      _ = try await connection.batch(statements + [JournalSQL.resumeSchedule(id, by: by, reason: reason)])
      return true
    }
  }

  /// A firing outside the schedule. False: one that was asked for waits already. `nil`: no such schedule, or busy.
  func trigger(_ step: String, by: String, reason: String?) async throws -> Bool? {
    try await locked(JournalSQL.lockSchedule(scope, step: step)) { schedule in
      let id = try schedule.int64("schedule_id")
      let waiting = try await connection.query(
        "SELECT FROM caisson.firing WHERE schedule_id = \(id) AND state = 'due' AND extra")
      guard waiting.rows.isEmpty else { return false }
      let now = try await ScheduleClock(connection: connection).now()
      let rows = try await connection.query(
        JournalSQL.addFiring(id, due: now, extra: true, state: .due, reason: reason, requestedBy: by, actor: by)).rows
      return !rows.isEmpty
    }
  }

  // MARK: One schedule

  /// One transaction around what `body` does with the locked row; `nil`: nothing to lock.
  private func locked<Value: Sendable>(
    _ lock: SQL, _ body: (Row) async throws -> Value
  ) async throws -> Value? {
    let opening = connection.openingStatements(lockTimeout: .seconds(5), statementTimeout: .seconds(60))
    do {
      let results = try await connection.batch(["BEGIN"] + opening + [lock])
      guard let row = results.last?.rows.first else {
        try await connection.query("ROLLBACK")
        return nil
      }
      let value = try await body(row)
      try await connection.query("COMMIT")
      return value
    } catch {
      await connection.rollback()
      throw error
    }
  }

  private func settling(_ row: Row, paused: String?) async throws -> [SQL] {
    guard row["next"] != nil else { return [] }
    let id = try row.int64("schedule_id"), rule = try Recurrence(schedule: row)
    let first = Moment(microseconds: try row.int64("next"))
    let found = try await ScheduleClock(connection: connection).moments(of: rule.timing, from: first)
    let unfinished = try await connection.query(JournalSQL.unfinishedFirings(id)).rows.map { row in
      UnfinishedFiring(due: Moment(microseconds: try row.int64("due")), isRunning: try row.bool("running"))
    }
    let verdicts = DueVerdict.verdicts(found.due, now: found.now, rule, unfinished: unfinished, paused: paused)
    let firings = verdicts.map { verdict in
      switch verdict {
      case .fire(let due): JournalSQL.addFiring(id, due: due, state: .due, actor: actor)
      case .skip(let due, let count, let reason):
        JournalSQL.addFiring(id, due: due, state: .skipped, moments: count, reason: reason, actor: actor)
      }
    }
    return firings + [JournalSQL.advanceSchedule(id, next: found.next, last: found.due.moments.last)]
  }
}

import JSONText
package import PluginAPI
import PostgresClient
package import RunModel
package import SQLText

/// Where a firing stands.
package enum FiringState: String, Sendable, Hashable, Codable, CaseIterable {
  case due, running, done, failed, skipped
  case nothingToDo = "nothing_to_do"
}

/// A step's schedule on a target, with what came of it last.
package struct ScheduleRecord: Sendable, Hashable {
  package let id: Int64
  package let step: String
  package let planHash: String
  package let recurrence: Recurrence
  package let next: Moment?
  package let nextAt: String?
  package let lastAt: String?
  package let pausedAt: String?
  package let pausedBy: String?
  package let pausedReason: String?
  /// The latest firing that is over, and the one that is not.
  package let last: FiringRecord?
  package let current: FiringRecord?

  static let select: SQL = """
    SELECT s.schedule_id, s.step, encode(s.plan_hash, 'hex') AS plan_hash, s.cron, s.zone,
      (extract(epoch FROM s.every) * 1000)::bigint AS every, s.overlap, s.catch_up,
      \(sql: Moment.of("s.next_at")) AS next, s.next_at, s.last_at, s.paused_at, s.paused_by, s.paused_reason, to_jsonb(l) AS last, to_jsonb(c) AS current
    FROM caisson.schedule s
      LEFT JOIN LATERAL (SELECT * FROM caisson.firing f WHERE f.schedule_id = s.schedule_id
        AND f.ended_at IS NOT NULL ORDER BY f.due_at DESC LIMIT 1) l ON true
      LEFT JOIN LATERAL (SELECT * FROM caisson.firing f WHERE f.schedule_id = s.schedule_id
        AND f.ended_at IS NULL ORDER BY f.state = 'running' DESC, f.due_at LIMIT 1) c ON true
    """

  package init(_ row: Row) throws {
    id = try row.int64("schedule_id")
    step = try row.string("step")
    planHash = try row.string("plan_hash")
    recurrence = try Recurrence(schedule: row)
    next = row["next"] == nil ? nil : Moment(microseconds: try row.int64("next"))
    nextAt = row["next_at"]
    lastAt = row["last_at"]
    pausedAt = row["paused_at"]
    pausedBy = row["paused_by"]
    pausedReason = row["paused_reason"]
    last = try row.jsonIfAny("last").map(FiringRecord.init)
    current = try row.jsonIfAny("current").map(FiringRecord.init)
  }
}

/// One moment and what came of it; instants in ISO 8601.
package struct FiringRecord: Sendable, Hashable {
  package let dueAt: String
  package let state: FiringState
  package let extra: Bool
  package let moments: Int
  package let reason: String?
  package let run: String?

  init(_ json: JSON) throws {
    guard let due = json["due_at"]?.string, let state = json["state"]?.string.flatMap(FiringState.init) else {
      throw JournalError(.unreadable, "a firing cannot be read", hint: "a newer caisson wrote it: use that one")
    }
    dueAt = due
    self.state = state
    extra = json["extra"] == true
    moments = json["moments"]?.int.map { Int($0) } ?? 1
    reason = json["reason"]?.string
    run = json["run_id"]?.string
  }
}

extension Recurrence {
  /// From the columns `cron, zone, every` (in milliseconds)`, overlap, catch_up`.
  package init(schedule row: Row) throws {
    var keys = JSONObject()
    for key in ["overlap", "catch_up"] { keys[key] = .string(try row.string(key)) }
    keys["cron"] = row["cron"].map(JSON.string)
    keys["zone"] = row["zone"].map(JSON.string)
    if row["every"] != nil { keys["every"] = TimeSpan(milliseconds: try row.int64("every")).json }
    do {
      self = try Recurrence.read(json: .object(keys))
    } catch {
      throw JournalError(
        .unreadable, "a schedule cannot be read: \(error)", hint: "a newer caisson wrote it: use that one")
    }
  }
}

extension Moment {
  /// An expression of the server as microseconds.
  static func of(_ expression: SQL) -> SQL { "(extract(epoch FROM \(sql: expression)) * 1000000)::bigint" }

  /// The instant as the server's.
  var instant: SQL { "(timestamptz 'epoch' + \(microseconds)::bigint * interval '1 microsecond')" }
}

extension ScheduleRecord: DecodedFromRow {}

extension JournalReader {
  /// Schedules of a plan on a target, by step; retired ones left out.
  package func schedules(plan: String, environment: String, target: String) async throws -> [ScheduleRecord] {
    let result = try await connection.query(
      """
      \(sql: ScheduleRecord.select) WHERE s.plan_name = \(plan) AND s.environment = \(environment)
        AND s.target = \(target) AND s.retired_at IS NULL ORDER BY s.step
      """)
    return try result.rows.map(ScheduleRecord.init)
  }
}

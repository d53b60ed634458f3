import PlanSchema
import PluginAPI

/// What can be asked today: when steps last ran, and how many people are on hold. Numbers, never who.
struct Standing: Sendable {
  struct LastRun: Sendable {
    var plan: String
    var step: String
    var kind: String
    var at: String
    var subjects: Int?
  }

  struct Holds: Sendable {
    var reason: String
    var count: Int
  }

  var date: String
  var runs: [LastRun]
  /// `nil`: the step names no holds.
  var holds: [Holds]?

  static func read(_ wanted: GDPRReport.Parameters, _ map: ResolvedMap, _ facts: any Facts) async throws -> Standing {
    let today = try await facts.rows("SELECT current_date::text AS today").first?["today"] ?? ""
    return Standing(
      date: today, runs: try await lastRuns(facts),
      holds: try await wanted.holds.asyncMap { try await holds($0, reason: wanted.holdReason, map, facts) })
  }

  private static func lastRuns(_ facts: any Facts) async throws -> [LastRun] {
    let there = try await facts.rows("SELECT to_regclass('caisson.step') IS NOT NULL AS there").first?["there"]
    guard there == "t" else { return [] }
    let found = try await facts.rows(
      """
      SELECT DISTINCT ON (p.name, s.step) p.name AS plan, s.step, s.kind,
        to_char(s.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at,
        (SELECT sum(t.done_rows)::int8 FROM caisson.task t WHERE t.run_id = s.run_id AND t.step = s.step
          AND t.kind = 'chunked' AND t.direction = 'forward') AS subjects
      FROM caisson.step s JOIN caisson.run r USING (run_id) JOIN caisson.plan p USING (plan_hash)
      WHERE s.kind LIKE 'gdpr.%' AND s.kind <> 'gdpr.report' AND s.state = 'done' AND s.done_by = 'engine'
      ORDER BY p.name, s.step, s.changed_at DESC
      """)
    return try found.map { row in
      LastRun(
        plan: try row.string("plan"), step: try row.string("step"), kind: try row.string("kind"), at: try row.string("at"),
        subjects: row["subjects"].flatMap { Int($0) })
    }
  }

  private static func holds(
    _ source: HoldSource, reason: Identifier?, _ map: ResolvedMap, _ facts: any Facts
  ) async throws -> [Holds] {
    let query: SQL
    if let table = source.table, let reason {
      let condition: SQL = source.where.map { " WHERE (\(sql: $0.text)\n)" } ?? ""
      query = "SELECT t.\(id: reason.name)::text AS reason, count(*) AS n FROM \(id: table) AS t\(sql: condition) GROUP BY 1 ORDER BY 1"
    } else {
      query = "SELECT 'in force' AS reason, count(*) AS n FROM (\(sql: source.relation)) AS held"
    }
    if let refused = try await facts.attempt(query.text) {
      throw StepRefusal(
        "gdpr.holds", "the server refuses to count the holds (SQLSTATE \(refused.sqlState))"
          + (refused.isAboutStatement ? ": \(refused.message)" : ""), choices: ["correct `holds`"])
    }
    return try await facts.rows(query).map { Holds(reason: $0["reason"] ?? "", count: try $0.int("n")) }
  }
}

extension Optional {
  fileprivate func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
    guard let self else { return nil }
    return try await body(self)
  }
}

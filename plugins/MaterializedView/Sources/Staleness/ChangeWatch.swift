import PlanSchema
import PluginAPI

/// What the marks say about a view at the moment.
struct ChangeWatch: Sendable, Hashable {
  enum Standing: Sendable, Hashable {
    /// No `matview.trigger`: nothing is known.
    case unwatched
    case unchanged
    /// Changed, and refreshed too short a time ago.
    case early
    case due
  }

  var standing: Standing
  /// Tables that leave no marks: the view has to be refreshed without knowing.
  var gaps = 0

  static func read(_ view: QualifiedName, _ facts: any Facts) async throws -> ChangeWatch {
    guard try await isThere(facts) else { return ChangeWatch(standing: .unwatched) }
    guard let row = try await facts.rows(question(view)).first else { return ChangeWatch(standing: .unwatched) }
    let standing: Standing = try !row.bool("changed") ? .unchanged : row.bool("early") ? .early : .due
    return ChangeWatch(standing: standing, gaps: try row.int("gaps"))
  }

  /// One boolean: there is nothing to do, or not yet.
  static func isIdle(_ view: QualifiedName) -> SQL {
    "SELECT coalesce((SELECT NOT changed OR early FROM (\(sql: question(view))) w), false)"
  }

  /// Views of which it is known that nothing has changed; about all others nothing is known.
  static func unchanged(_ facts: any Facts) async throws -> Set<String> {
    guard try await isThere(facts) else { return [] }
    let watched = try await facts.rows("SELECT view FROM \(id: StalenessStore.watch)").map { try $0.string("view") }
    var unchanged: Set<String> = []
    for view in watched {
      guard let name = QualifiedName(parsing: view) else { continue }
      if try await read(name, facts).standing == .unchanged { unchanged.insert(view) }
    }
    return unchanged
  }

  private static func isThere(_ facts: any Facts) async throws -> Bool {
    let there = try await facts.rows(
      "SELECT to_regclass(\(literal: StalenessStore.staleness.quoted)) IS NOT NULL AS there")
    return try there.first?.bool("there") ?? false
  }

  private static func question(_ view: QualifiedName) -> SQL {
    let key = ChangeMarks.key(view)
    return """
      SELECT g.gaps, coalesce(
          r.as_of + greatest(w.min_interval, r.min_interval_ms * interval '1 millisecond') > now(), false) AS early,
        g.gaps > 0 OR w.shape IS DISTINCT FROM \(sql: WatchedTables.shape("w.tables", key))
          OR r.as_of IS NULL OR r.failure IS NOT NULL OR \(sql: ChangeMarks.exist(for: view)) AS changed
      FROM \(id: StalenessStore.watch) w
      LEFT JOIN \(id: MatviewRegister.table) r ON r.view = w.view
      CROSS JOIN LATERAL \(sql: WatchedTables.gaps("w.tables", key)) g(gaps)
      WHERE w.view = \(literal: key)
      """
  }
}

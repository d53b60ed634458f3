import OnlineDDL
import PluginAPI

extension RangeCut {
  /// Rows of a table by unit: `(from_edge, to_edge, label, rows, overlaps)`, the edges NULL for keys that no range
  /// takes. `known`: ranges that are there; whatever lies in one that is planned is left out by the caller's own count.
  func unitsQuery(of table: QualifiedName, known: [(String?, String?)], most: Int) -> SQL {
    let finite: SQL = key.kind.isCalendar ? "isfinite(t.\(sql: key.name))" : "t.\(sql: key.name) IS NOT NULL"
    return """
      WITH known AS (
        SELECT b.f::\(sql: key.type) AS f, b.t::\(sql: key.type) AS t
        FROM unnest(\(known.map(\.0))::text[], \(known.map(\.1))::text[]) AS b(f, t)
      ), content AS (
        SELECT CASE WHEN \(sql: finite) THEN \(sql: unitStart) END AS start, count(*) AS rows
        FROM ONLY \(id: table) t
        CROSS JOIN LATERAL (SELECT \(sql: unitValue) AS first) AS g
        WHERE NOT EXISTS (SELECT FROM known k WHERE (k.f IS NULL OR t.\(sql: key.name) >= k.f)
          AND (k.t IS NULL OR t.\(sql: key.name) < k.t)) OR t.\(sql: key.name) IS NULL
        GROUP BY 1
      ), edges AS (
        SELECT c.rows, c.start, \(sql: unitTyped("c.start")) AS f, \(sql: unitTyped(unitEnd)) AS t FROM content c
      )
      SELECT \(sql: unitText("e.f")) AS from_edge, \(sql: unitText("e.t")) AS to_edge,
        \(sql: unitLabel) AS label, least(e.rows, \(most + 1)) AS rows,
        EXISTS (SELECT FROM known k WHERE (k.t IS NULL OR e.f < k.t) AND (k.f IS NULL OR e.t > k.f)) AS overlaps
      FROM edges e ORDER BY e.f
      """
  }

  private var numberWidth: SQL { if case .number(let width) = width { "\(width)::numeric" } else { "1" } }

  /// The local time, or the number, of a row's key.
  private var unitValue: SQL {
    key.kind.isCalendar
      ? "CASE WHEN isfinite(t.\(sql: key.name)) THEN \(sql: KeyPoint.local("t.\(sql: key.name)", key, timezone)) END"
      : "t.\(sql: key.name)::numeric"
  }

  private var unitStart: SQL {
    key.kind.isCalendar ? cut : "floor(g.first / \(sql: numberWidth)) * \(sql: numberWidth)"
  }

  private var unitEnd: SQL { key.kind.isCalendar ? "(c.start + \(sql: unit))" : "(c.start + \(sql: numberWidth))" }

  private func unitTyped(_ value: SQL) -> SQL { key.kind.isCalendar ? typed(value) : value }

  private func unitText(_ value: SQL) -> SQL { key.kind.isCalendar ? text(value) : "\(sql: value)::text" }

  private var unitLabel: SQL {
    key.kind.isCalendar ? label("e.start") : "replace(e.start::text, '-', 'm')"
  }
}

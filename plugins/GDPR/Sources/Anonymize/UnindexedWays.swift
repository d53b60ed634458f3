import PlanSchema
import PluginAPI

/// References along which a batch finds its people's rows, and which no index begins with: every batch reads all of the
/// table.
struct UnindexedWays {
  let map: ResolvedMap
  let range: SourceRange
  let facts: any Facts

  private struct Hop: Hashable {
    var table: QualifiedName
    var columns: [String]
  }

  func findings() async throws -> [Finding] {
    let slow = try await hops.asyncFilter { try await !isIndexed($0) }
    return slow.map { hop in
      let columns = hop.columns.map(QualifiedName.readable).joined(separator: ", ")
      return .warning(
        "gdpr.unindexed", "no index of \(hop.table) begins with \(columns): every batch reads all of it",
        choices: ["a step before: index.create with table: \(hop.table), columns: [\(columns)]"], at: range)
    }
  }

  /// Of tables that are changed, each once, in the order of the map.
  private var hops: [Hop] {
    var seen: Set<Hop> = []
    let ways = map.tables.filter { !$0.changed.isEmpty }.flatMap { table in table.ways.map { (table.name, $0) } }
    return ways.flatMap { start, way in
      zip([start] + way.hops.map(\.target), way.hops).map { Hop(table: $0, columns: $1.columns) }
    }.filter { seen.insert($0).inserted }
  }

  private func isIndexed(_ hop: Hop) async throws -> Bool {
    let found = try await facts.rows(
      """
      SELECT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
        AND (i.indkey::int2[])[0:cardinality(w.numbers) - 1] @> w.numbers) OR c.reltuples BETWEEN 0 AND 1000 AS indexed
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL (SELECT array_agg(a.attnum) AS numbers FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = ANY (\(hop.columns)::text[])) AS w
      WHERE n.nspname = \(hop.table.schema) AND c.relname = \(hop.table.name)
      """)
    return found.first?["indexed"] != "f"
  }
}

extension Array {
  fileprivate func asyncFilter(_ isIncluded: (Element) async throws -> Bool) async rethrows -> [Element] {
    var kept: [Element] = []
    for element in self where try await isIncluded(element) { kept.append(element) }
    return kept
  }
}

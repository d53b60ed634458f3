import OnlineDDL
import PluginAPI

/// What values of the key a table holds. Over an index on the key this is a few pages; without one the table is read.
struct KeyExtent: Sendable, Hashable {
  /// The least and the greatest that is finite; `nil` in an empty table.
  var least: String?
  var greatest: String?
  var hasNull: Bool
  /// `-infinity` and `infinity`, which only MINVALUE and MAXVALUE bounds or a default partition take.
  var hasLowerInfinity: Bool
  var hasUpperInfinity: Bool

  static func read(_ table: QualifiedName, _ key: PartitionKey, _ facts: any Facts) async throws -> KeyExtent {
    let row = try await facts.rows(query(table, key)).first
    return KeyExtent(
      least: row?["least"], greatest: row?["greatest"], hasNull: try row?.bool("has_null") ?? false,
      hasLowerInfinity: try row?.bool("has_lower") ?? false, hasUpperInfinity: try row?.bool("has_upper") ?? false)
  }

  private static func query(_ table: QualifiedName, _ key: PartitionKey) -> SQL {
    let finite: SQL = key.kind.isCalendar ? "isfinite(t.\(sql: key.name))" : "t.\(sql: key.name) IS NOT NULL"
    // By the table's column: the cast one has its name, and would be compared as text.
    func end(_ order: SQL) -> SQL {
      """
      (SELECT t.\(sql: key.name)::text FROM \(id: table) t WHERE \(sql: finite)
        ORDER BY t.\(sql: key.name) \(sql: order) LIMIT 1)
      """
    }
    func has(_ value: String) -> SQL {
      key.kind.isCalendar
        ? "EXISTS (SELECT FROM \(id: table) WHERE \(sql: key.name) = \(sql: key.constant(value)))" : "false"
    }
    return """
      SELECT \(sql: end("ASC")) AS least, \(sql: end("DESC")) AS greatest,
        EXISTS (SELECT FROM \(id: table) WHERE \(sql: key.name) IS NULL) AS has_null,
        \(sql: has("-infinity")) AS has_lower, \(sql: has("infinity")) AS has_upper
      """
  }
}

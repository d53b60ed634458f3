import JSONText
import PluginAPI

/// What a detached partition was: enough to attach it again without a scan.
struct DetachRecord: Sendable, Hashable {
  var name: QualifiedName
  var oid: Int64
  /// `FOR VALUES …`, as the server prints it.
  var bound: String
  /// The condition that the bound means.
  var condition: String
  /// CHECKs that were there before it began: what comes on top is the copy of the bound that a concurrent detach leaves.
  var checks: [String]

  static func read(_ partition: ExistingPartition, _ facts: any Facts) async throws -> DetachRecord {
    let bound: SQL = "pg_get_partition_constraintdef(\(partition.oid)::int8::oid)"
    let row = try await facts.rows(
      """
      SELECT pg_get_partition_constraintdef(\(partition.oid)::int8::oid) AS condition,
        ARRAY(SELECT k.conname::text FROM pg_constraint k
          WHERE k.conrelid = \(partition.oid)::int8::oid AND k.contype = 'c'
            AND NOT (\(partition.isPendingDetach) AND \(sql: DetachRecord.says("k.oid", bound)))
          ORDER BY 1) AS checks
      """).first
    return DetachRecord(
      name: partition.name, oid: partition.oid, bound: partition.boundText, condition: row?["condition"] ?? "",
      checks: try row?.strings("checks") ?? [])
  }

  /// Whether a CHECK is the condition in the server's own words, as a concurrent detach leaves it.
  static func says(_ check: SQL, _ condition: SQL) -> SQL {
    "pg_get_constraintdef(\(sql: check)) IN ('CHECK ' || \(sql: condition), 'CHECK (' || \(sql: condition) || ')')"
  }

  var json: JSON {
    .object(JSONObject([
      ("schema", .string(name.schema)), ("name", .string(name.name)), ("oid", .int(oid)), ("bound", .string(bound)),
      ("condition", .string(condition)), ("checks", .array(checks.map { .string($0) })),
    ]))
  }

  init(name: QualifiedName, oid: Int64, bound: String, condition: String, checks: [String]) {
    self.name = name
    self.oid = oid
    self.bound = bound
    self.condition = condition
    self.checks = checks
  }

  init?(_ json: JSON) {
    guard let schema = json["schema"]?.string, let name = json["name"]?.string, let oid = json["oid"]?.int,
      let bound = json["bound"]?.string, let condition = json["condition"]?.string
    else { return nil }
    self.init(
      name: QualifiedName(schema, name), oid: oid, bound: bound, condition: condition,
      checks: json["checks"]?.array?.compactMap(\.string) ?? [])
  }
}

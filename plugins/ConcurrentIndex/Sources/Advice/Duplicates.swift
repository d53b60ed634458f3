import OnlineDDL
import PluginAPI

extension IndexCompiler {
  /// A unique build over duplicates fails at its very end and leaves an invalid index: they are counted before.
  func uniqueFindings() async throws -> [Finding] {
    guard index.spec.isUnique, table.kind != .partitionedTable || !(table.partitioning?.leaves.isEmpty ?? true) else {
      return []
    }
    let probe = DuplicateProbe(index)
    if let refused = try await facts.attempt(probe.query, timeout: "60s") {
      let reason = refused.isTimeout ? "counting takes longer than 60 s" : "error \(refused.sqlState)"
      return [.warning(
        "index.duplicates_unknown", "not checked for duplicates: \(reason). If there are any, the build fails at its end",
        at: marks.keys.first)]
    }
    guard let row = try await facts.rows(SQL(verbatim: probe.query)).first else { return [] }
    let groups = try row.int("groups"), rows = try row.int("rows")
    guard groups > 0 else { return [] }
    let many = groups > DuplicateProbe.limit
    return [
      .refusal(
        "index.duplicates",
        "\(many ? "more than \(DuplicateProbe.limit)" : String(groups)) values of (\(probe.title)) occur more than once"
          + " in \(table.name) (\(rows)\(many ? " or more" : "") rows): the index cannot be unique",
        choices: ["remove or merge them in an earlier step (data.batch)", "unique: false", "exclude them with `where`"],
        at: marks.keys.first)
    ]
  }
}

/// Counts groups of rows that would violate a unique index; no value of a row leaves the server.
struct DuplicateProbe {
  static let limit = 1_000
  let index: ResolvedIndex

  init(_ index: ResolvedIndex) { self.index = index }

  private var keys: [String] {
    index.spec.keys.enumerated().map { place, key in
      let text = key.column.map(Quoting.identifier) ?? "(\(key.expression ?? "")\n)"
      guard key.collation != nil, let collation = index.keys[place].collation else { return text }
      return text + " COLLATE " + collation.quoted
    }
  }

  var title: String { index.spec.keys.map { $0.column ?? $0.expression ?? "" }.joined(separator: ", ") }

  var query: String {
    var conditions = index.spec.predicate.map { ["(\($0)\n)"] } ?? []
    if !index.spec.nullsNotDistinct { conditions += keys.map { "\($0) IS NOT NULL" } }
    let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    return """
      SELECT count(*) AS groups, coalesce(sum(g.n), 0)::int8 AS rows FROM (
        SELECT count(*) AS n FROM \(index.table.name.quoted)\(filter)
        GROUP BY \(keys.joined(separator: ", ")) HAVING count(*) > 1 LIMIT \(Self.limit + 1)) AS g
      """
  }
}

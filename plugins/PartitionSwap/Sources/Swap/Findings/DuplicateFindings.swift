import PluginAPI

/// Values that a key of the table forbade before the cutover, and that have come twice since.
struct DuplicateFindings {
  /// As it was; its unique keys come back.
  let before: TableInventory
  /// The partitioned one.
  let table: QualifiedName
  /// Kept by a guard: no value came twice.
  let guarded: Set<String>
  let key: String
  let facts: any Facts

  /// One refusal for all keys, which says in its message all that has to be known: a rollback shows no more.
  func findings() async throws -> [Finding] {
    let keys = before.indexes.filter {
      $0.isUnique && $0.isValid && !$0.isExclusion && !$0.keyColumns.contains(key) && !guarded.contains($0.name.name)
    }
    var found: [String] = []
    for index in keys {
      if let sentence = try await sentence(index) { found.append(sentence) }
    }
    guard !found.isEmpty else { return [] }
    return [
      .refusal(
        "swap.duplicates",
        "rows have come to \(table) since the cutover that its keys forbade before, and forbid again with the way back."
          + " \(found.joined(separator: ". ")). Delete or change all but one of each, then roll back again",
        choices: ["delete or change all but one of each, then roll back again", "stay with the partitioned table"])
    ]
  }

  /// No values: they are the application's.
  private func sentence(_ index: TableInventory.Index) async throws -> String? {
    guard let row = try await facts.rows(count(index)).first, try row.int64("values") > 0 else { return nil }
    let columns = index.keys.map(\.text).joined(separator: ", "), leaves = try row.strings("leaves")
    let places = leaves.prefix(5).joined(separator: ", ") + (leaves.count > 5 ? ", …" : "")
    return "\(index.name.name): \(try row.int64("values")) values more than once, in \(try row.int64("rows")) rows of \(places);"
      + " see them: SELECT \(columns), count(*) FROM \(table)\(condition(index)) GROUP BY \(columns) HAVING count(*) > 1"
  }

  private func count(_ index: TableInventory.Index) -> SQL {
    let values = index.keys.map { key in
      "(\(key.text))" + (key.collation.map { " COLLATE \($0.quoted)" } ?? "")
    }.joined(separator: ", ")
    return """
      WITH twice AS (
        SELECT count(*) AS rows, array_agg(DISTINCT t.tableoid) AS leaves
        FROM \(id: table) AS t\(sql: condition(index)) GROUP BY \(sql: values) HAVING count(*) > 1
      )
      SELECT count(*) AS values, coalesce(sum(rows), 0)::bigint AS rows, ARRAY(
        SELECT DISTINCT l::regclass::text FROM twice AS w, unnest(w.leaves) AS l ORDER BY 1) AS leaves
      FROM twice
      """
  }

  /// Rows that the key says something about.
  private func condition(_ index: TableInventory.Index) -> String {
    let nulls = index.nullsNotDistinct ? [] : index.keys.map { "(\($0.text)) IS NOT NULL" }
    let all = nulls + (index.predicate.map { ["(\($0))"] } ?? [])
    return all.isEmpty ? "" : " WHERE " + all.joined(separator: " AND ")
  }
}

import OnlineDDL
import PluginAPI

/// The table as retention needs to know it.
struct RetentionTable: Sendable {
  var batch: BatchTable
  var key: PartitionKey
  /// An index gives the rows in the order of the key.
  var isOrdered: Bool
  var references: [IncomingReference]
  var triggers: [FiringTrigger]
  /// Of a partitioned table.
  var partitioned: PartitionedTable?

  var name: QualifiedName { batch.name }

  /// Partitioned by ranges of the key itself: a partition's bound then says when all its rows are over.
  var byKey: PartitionedTable? {
    partitioned.flatMap { $0.strategy == .range && $0.key?.column == key.column ? $0 : nil }
  }

  /// What the rows are ordered and told apart by; `nil`: nothing tells them apart.
  func keyset(along columns: [String]) -> Keyset {
    batch.keyset(isOrdered ? [key.column] + columns.filter { $0 != key.column } : columns)
  }

  static func read(_ wanted: GDPRRetention.Parameters, _ facts: any Facts) async throws -> RetentionTable {
    guard let batch = try await BatchTable.read(wanted.table, facts) else {
      let near = Spelling.nearest(to: wanted.table.name, in: try await BatchTable.namesakes(of: wanted.table, facts))
      throw StepRefusal(
        "retention.table", "there is no table \(wanted.table)",
        choices: near.map { ["did you mean \(QualifiedName(wanted.table.schema, $0))?"] }
          ?? ["create it in an earlier step"], at: wanted.$table)
    }
    guard ["r", "p"].contains(batch.kind) else {
      throw StepRefusal(
        "retention.table", "\(wanted.table) is no table", choices: ["name the table that holds the rows"],
        at: wanted.$table)
    }
    guard let column = batch[wanted.key.name] else {
      let near = Spelling.nearest(to: wanted.key.name, in: batch.columns.map(\.name))
      throw StepRefusal(
        "retention.key", "\(wanted.table) has no column \(wanted.key)",
        choices: near.map { ["did you mean \($0)?"] } ?? ["name a column of it"], at: wanted.$key)
    }
    let key = PartitionKey(column: column.name, type: column.type)
    guard key.kind.isCalendar else {
      throw StepRefusal(
        "retention.key", "\(wanted.key) is of type \(column.type): it says no time",
        choices: ["a column of type date, timestamp or timestamptz"], at: wanted.$key)
    }
    return RetentionTable(
      batch: batch, key: key, isOrdered: try await isOrdered(wanted.table, key.column, facts),
      references: try await references(wanted.table, facts), triggers: try await triggers(wanted.table, facts),
      partitioned: batch.kind == "p" ? try await PartitionedTable.find(wanted.table, at: wanted.$table, facts) : nil)
  }

  private static func isOrdered(_ table: QualifiedName, _ key: String, _ facts: any Facts) async throws -> Bool {
    try await facts.indexes(on: table).contains {
      $0.isValid && $0.method == "btree" && $0.predicate == nil && $0.keys.first?.column == key
    }
  }

  private static func references(_ table: QualifiedName, _ facts: any Facts) async throws -> [IncomingReference] {
    let found = try await facts.rows(RetentionQuery.references(table)).map { row in
      IncomingReference(
        constraint: try row.string("name"), from: QualifiedName(try row.string("schema"), try row.string("table_name")),
        columns: try row.strings("columns"), keys: try row.strings("keys"), onDelete: try row.string("on_delete"),
        isIndexed: try row.bool("indexed"))
    }
    // An earlier step may build the index that is missing.
    for reference in found { await facts.consulted(reference.from) }
    return found
  }

  private static func triggers(_ table: QualifiedName, _ facts: any Facts) async throws -> [FiringTrigger] {
    try await facts.rows(RetentionQuery.triggers(table)).map { row in
      FiringTrigger(
        name: try row.string("name"), events: try row.int64("events"), columns: try row.strings("columns"),
        state: try row.string("state"), isUniform: try row.bool("uniform"), refuses: try row.bool("refuses"),
        setting: row["setting"])
    }
  }
}

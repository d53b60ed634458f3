import OnlineDDL
import PluginAPI

/// The table, what hangs on it, and what the plan wants with it.
struct SwapSubject {
  let step: Step<PartitionSwap.Parameters>
  let table: TableInventory
  let size: RelationFacts
  let key: TableInventory.Column
  let primaryKey: TableInventory.Constraint
  let facts: any Facts

  var wanted: PartitionSwap.Parameters { step.parameters }
  var name: QualifiedName { table.name }
  var capabilities: Capabilities { facts.capabilities }

  /// Of the copy: the table's, with the key column where it is not in it.
  var pairColumns: [String] { primaryKey.columns.contains(key.name) ? primaryKey.columns : primaryKey.columns + [key.name] }

  /// Unique indexes without the key column, constraints included; the primary key is not among them.
  var narrowUniques: [TableInventory.Index] {
    table.indexes.filter { $0.isUnique && !$0.isPrimary && !$0.keyColumns.contains(key.name) }
  }

  /// Foreign keys to this table that do not name the key column.
  var narrowIncoming: [TableInventory.IncomingForeignKey] {
    table.incomingForeignKeys.filter { !($0.constraint.reference?.columns.contains(key.name) ?? false) }
  }

  var selfReferences: [TableInventory.Constraint] {
    table.constraints.filter { $0.kind == .foreignKey && $0.reference?.tableOid == table.relation.oid }
  }

  var exclusions: [TableInventory.Constraint] { table.constraints.filter { $0.kind == .exclusion } }
}

extension TableInventory.Index {
  /// Columns of the key proper; an expression is not one.
  var keyColumns: [String] { keys.compactMap(\.column) }
}

extension SwapSubject {
  /// The table, or why it cannot be partitioned at all.
  static func find(
    _ step: Step<PartitionSwap.Parameters>, _ facts: any Facts
  ) async throws -> (subject: SwapSubject?, findings: [Finding]) {
    let wanted = step.parameters
    guard let size = try await facts.relation(wanted.table), let table = try await facts.inventory(of: wanted.table) else {
      let near = try await facts.relationNames(like: wanted.table)
      return (nil, [.refusal(
        "swap.table", "\(wanted.table) does not exist" + (near.first.map { "; did you mean \($0)?" } ?? ""),
        choices: near.map { "table: \($0)" }, at: wanted.$table)])
    }
    if let refusal = unfit(table, size, wanted) { return (nil, [refusal]) }
    if let refusal = try await hiddenRows(table, wanted, facts) { return (nil, [refusal]) }
    guard let key = table.column(wanted.by.name) else {
      let meant = Spelling.nearest(to: wanted.by.name, in: table.columns.map(\.name)).map(QualifiedName.readable)
      return (nil, [.refusal(
        "swap.key", "\(wanted.table) has no column \(wanted.by)\(meant.map { "; did you mean \($0)?" } ?? "")",
        choices: [meant.map { "by: \($0)" } ?? "name one of its columns"], at: wanted.$by)])
    }
    if key.generated != nil {
      return (nil, [.refusal(
        "swap.key", "\(wanted.by) is a generated column: PostgreSQL does not partition by one",
        choices: ["partition by the column it is computed from"], at: wanted.$by)])
    }
    guard let primaryKey = table.constraints.first(where: { $0.kind == .primaryKey }) else {
      return (nil, [.refusal(
        "swap.primary_key", "\(wanted.table) has no primary key: its rows cannot be followed while they are copied",
        choices: ["add one first: index.create with `unique: true`, then ALTER TABLE … ADD PRIMARY KEY USING INDEX"],
        at: wanted.$table)])
    }
    return (SwapSubject(step: step, table: table, size: size, key: key, primaryKey: primaryKey, facts: facts), [])
  }

  private static func unfit(
    _ table: TableInventory, _ size: RelationFacts, _ wanted: PartitionSwap.Parameters
  ) -> Finding? {
    func refuse(_ message: String, _ choice: String) -> Finding {
      .refusal("swap.table", message, choices: [choice], at: wanted.$table)
    }
    if let parent = size.parent {
      return refuse("\(table.name) is itself a partition of \(parent)", "name a table that is no partition")
    }
    guard table.relation.kind == .table else {
      return refuse("\(table.name) is a \(table.relation.kind.noun)", "name a plain table")
    }
    switch table.relation.persistence {
    case "t": return refuse("\(table.name) is a temporary table", "name a permanent one")
    case "u": return refuse("\(table.name) is unlogged: a crash would empty it, and not its copy", "ALTER TABLE … SET LOGGED first")
    default: return nil
    }
  }
}

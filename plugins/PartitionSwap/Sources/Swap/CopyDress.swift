import OnlineDDL
import PluginAPI

/// Gives the table that will take the name everything that can be had before: owner, grants, policies, comments,
/// statistics. Nobody uses it yet, so it may be done again.
struct CopyDress {
  /// As it is now.
  let table: TableInventory
  /// As it is now.
  let copy: TableInventory
  /// Its partitions; none: it is a plain table.
  let leaves: [QualifiedName]
  /// Of the copy: what the table's replica identity goes by.
  var identityIndex: QualifiedName?
  /// Notes changes of the copy as soon as it has the name; our own replays are not noted.
  var capture: [SQL] = []

  private var isPartitioned: Bool { copy.relation.kind == .partitionedTable }

  private var ddl: TableDDL {
    let names = Dictionary(
      uniqueKeysWithValues: table.statistics.map { ($0.name.name, SwapNames.new($0.name.name)) })
    return TableDDL(
      table, renaming: Renaming(tables: [table.name: copy.name], names: names), isPartitioned: isPartitioned)
  }

  var operation: Operation {
    .transaction(
      id: "dress", title: "give \(copy.name) what \(table.name) has", statements.map { TransactionStatement($0) },
      undo: .nothing)
  }

  private var statements: [SQL] {
    let ddl = ddl
    return ddl.owner() + ddl.grants() + rowSecurity
      + copy.policies.map { "DROP POLICY \(id: $0.name) ON \(id: copy.name)" } + ddl.policies()
      + ddl.comments() + ddl.securityLabels() + ddl.statisticsTargets()
      + (isPartitioned ? statistics + leaves.flatMap(leaf) + replicaIdentity + sleepingTriggers : ddl.options())
      + capture
  }

  /// A trigger costs as many rows in the catalog as there are partitions: made now and off, so that under the lock they
  /// only have to be switched on.
  private var sleepingTriggers: [SQL] {
    let own = copy.triggers.filter { !$0.name.hasPrefix(KeyLog.triggerPrefix) }
    return own.map { "DROP TRIGGER \(id: $0.name) ON \(id: copy.name)" }
      + ddl.triggers() + table.triggers.map { TableInventory.Enabled.disabled.sql($0.name, on: copy.name) }
  }

  /// What switches them on again, under the table's own name.
  var wakingTriggers: [SQL] {
    table.triggers.filter { $0.enabled != .disabled }.map { $0.enabled.sql($0.name, on: table.name) }
  }

  private var rowSecurity: [SQL] {
    func alter(_ action: String) -> SQL { "ALTER TABLE \(id: copy.name) \(sql: action) ROW LEVEL SECURITY" }
    return [
      alter(table.relation.hasRowSecurity ? "ENABLE" : "DISABLE"),
      alter(table.relation.forcesRowSecurity ? "FORCE" : "NO FORCE"),
    ]
  }

  private var statistics: [SQL] {
    copy.statistics.map { "DROP STATISTICS \(id: $0.name)" } + ddl.extendedStatistics()
  }

  /// Of the partitioned table; its partitions go by their own parts of the index.
  private var replicaIdentity: [SQL] {
    guard table.relation.replicaIdentity == .index else { return ddl.replicaIdentity() }
    guard let index = identityIndex else { return [] }
    return [
      "ALTER TABLE \(id: copy.name) REPLICA IDENTITY USING INDEX \(id: index.name)",
      CopyIndex.each(of: index, "ALTER TABLE %2$s REPLICA IDENTITY USING INDEX %3$I"),
    ]
  }

  /// Storage parameters live in partitions. Row security too: a grant on all tables must not open a side door.
  private func leaf(_ name: QualifiedName) -> [SQL] {
    let own = ddl.on(name)
    let security: [SQL] = table.relation.hasRowSecurity ? ["ALTER TABLE \(id: name) ENABLE ROW LEVEL SECURITY"] : []
    let identity: [SQL] =
      switch table.relation.replicaIdentity {
      case .full: ["ALTER TABLE \(id: name) REPLICA IDENTITY FULL"]
      case .nothing: ["ALTER TABLE \(id: name) REPLICA IDENTITY NOTHING"]
      case .primaryKey, .index: []
      }
    return ["ALTER TABLE \(id: name) RESET (autovacuum_enabled)"] + own.owner() + own.options() + own.statisticsTargets()
      + security + identity
  }
}

import Catalog
import FoundationEssentials
import SQLText
import TestSupport
import Testing

/// Makes a table from another one's inventory.
struct InventoryTrial {
  let before: TableInventory
  let copyName: QualifiedName
  let renaming: Renaming

  init(_ before: TableInventory, as copy: QualifiedName) {
    self.before = before
    copyName = copy
    let schemaWide =
      before.indexes.map(\.name.name) + before.statistics.map(\.name.name)
      + before.sequences.filter(\.isIdentity).map(\.name.name)
    let names = schemaWide.map { ($0, Quoting.fitted($0, suffix: "~2")) }
    renaming = Renaming(tables: [before.name: copy], names: Dictionary(names) { one, _ in one })
  }

  static func inventory(_ name: QualifiedName, ignoring prefix: String? = nil) async throws -> TableInventory {
    try await ReadOnlyFacts.with(.current) {
      try #require(try await $0.inventory(of: name, ignoringTriggers: prefix))
    }
  }

  static func coded(_ inventory: TableInventory) throws -> TableInventory {
    try JSONDecoder().decode(TableInventory.self, from: try JSONEncoder().encode(inventory))
  }

  func run(_ statements: [SQL]) async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.script("BEGIN; SET LOCAL search_path = pg_catalog, pg_temp")
    for statement in statements {
      #expect(statement.binds.isEmpty)
      do {
        _ = try await connection.query(statement)
      } catch {
        Issue.record("\(statement.text)\n\(error)")
        throw error
      }
    }
    try await connection.script("COMMIT")
    await connection.close()
  }

  /// Everything that can be made beside the original.
  func copy() async throws {
    let ddl = TableDDL(before, renaming: renaming)
    try await run(ddl.createTable() + ddl.owner() + ddl.storage() + ddl.statisticsTargets() + ddl.options())
    try await run(ddl.checks() + ddl.keys() + ddl.indexes() + ddl.extendedStatistics() + ddl.foreignKeys())
    try await run(ddl.identities() + ddl.clusterMarks() + ddl.replicaIdentity() + ddl.rowSecurity())
    try await run(ddl.policies() + ddl.triggers() + ddl.rules() + ddl.publications())
    try await run(ddl.comments() + ddl.grants() + ddl.securityLabels())
  }

  func takeItsPlace() async throws {
    try await run([
      "ALTER TABLE \(id: before.name) RENAME TO alt",
      "ALTER TABLE \(id: copyName) RENAME TO \(id: before.name.name)",
    ])
  }

  func expectOnlyIncomingKeyLost() async throws {
    let names = Renaming(names: renaming.names)
    let found = before.difference(to: try await Self.inventory(before.name), renamed: names)
    #expect(found.map(\.description) == before.incomingForeignKeys.map { "foreign key \($0.constraint.name) of \($0.table): lost" })
  }

  /// The serial's sequence, foreign keys of others and what refers to the table by its oid.
  static func belongsToOneTable(_ difference: InventoryDifference) -> Bool {
    let heads = [
      "sequence of column id", "foreign key ", "view ", "materialized view ", "function ", "other.protokoll, ",
      "other.zweite, ",
    ]
    return difference.kind == .lost && difference.aspect == nil
      && heads.contains { difference.object.hasPrefix($0) }
  }
}

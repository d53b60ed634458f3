import Catalog
import SQLText
import TestSupport
import Testing

@Suite("random tables, rendered and read again", .database(template: InventorySchema.roles))
struct RandomSchemaTests {
  @Test("nothing is lost, whatever hangs on the table", arguments: UInt64(1)...30)
  func seed(_ seed: UInt64) async throws {
    let schema = RandomSchema(seed: seed)
    try await build(schema)
    let before = try await InventoryTrial.inventory(schema.table)
    let trial = InventoryTrial(before, as: QualifiedName(schema.table.schema, "copy of it"))
    try await trial.copy()
    let found = before.difference(to: try await InventoryTrial.inventory(trial.copyName), renamed: trial.renaming)
    #expect(found.filter { !belongsToOneTable($0) } == [])
    let ddl = TableDDL(before)
    if seed.isMultiple(of: 2) {
      try await trial.run(ddl.dropDependents())
      try await trial.takeItsPlace()
      try await trial.run(ddl.sequenceOwnership() + ddl.createDependents() + ddl.populate())
    } else {
      try await trial.run(ddl.dropUnreplaceable())
      try await trial.takeItsPlace()
      try await trial.run(ddl.sequenceOwnership() + ddl.rebindDependents() + ddl.populate())
    }
    try await trial.expectOnlyIncomingKeyLost()
    let left = try await InventoryTrial.inventory(QualifiedName(schema.table.schema, "alt"))
    #expect(left.dependents.isEmpty)
  }

  private func build(_ schema: RandomSchema) async throws {
    let connection = try await TestDatabase.current.connect()
    for statement in schema.statements {
      do {
        _ = try await connection.query(SQL(verbatim: statement))
      } catch {
        Issue.record("\(statement)\n\(error)")
        throw error
      }
    }
    await connection.close()
  }

  private func belongsToOneTable(_ difference: InventoryDifference) -> Bool {
    let heads = ["sequence of column key", "foreign key ", "view ", "materialized view ", "function "]
    return difference.kind == .lost && difference.aspect == nil
      && heads.contains { difference.object.hasPrefix($0) }
  }
}

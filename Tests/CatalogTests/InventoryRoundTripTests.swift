import Catalog
import SQLText
import TestSupport
import Testing

@Suite("a table's inventory, rendered and read again", .database(template: InventorySchema.script))
struct InventoryRoundTripTests {
  private let table = InventorySchema.table
  private let copy = InventorySchema.copy

  @Test("a copy under another name has everything but what belongs to one table alone")
  func copied() async throws {
    let before = try await InventoryTrial.inventory(table)
    let trial = InventoryTrial(before, as: copy)
    try await trial.copy()
    let found = before.difference(to: try await InventoryTrial.inventory(copy), renamed: trial.renaming)
    let intended = found.filter { InventoryTrial.belongsToOneTable($0) }
    #expect(found.filter { !intended.contains($0) } == [])
    let objects = Set(intended.map(\.object))
    #expect(objects.isSuperset(of: ["sequence of column id", "foreign key liest ein of other.leser", "view other.zweite"]))
  }

  @Test("a copy that takes the table's place gets the serial's sequence and everything that refers to it")
  func swapped() async throws {
    let before = try await InventoryTrial.inventory(table)
    let trial = InventoryTrial(before, as: copy)
    try await trial.copy()
    let ddl = TableDDL(before)
    try await trial.run(ddl.dropDependents())
    try await trial.takeItsPlace()
    try await trial.run(ddl.sequenceOwnership() + ddl.createDependents() + ddl.populate())
    try await trial.expectOnlyIncomingKeyLost()
  }

  @Test("dependents are bound to the copy in place, and only what cannot be is made again")
  func rebound() async throws {
    let before = try await InventoryTrial.inventory(table)
    let trial = InventoryTrial(before, as: copy)
    try await trial.copy()
    let ddl = TableDDL(before)
    #expect(
      ddl.recreatedDependents.map(\.description).sorted() == [
        #"function "Odd Schema.x".letzte()"#, #"materialized view "Odd Schema.x".leer"#,
        #"materialized view "Odd Schema.x".summe"#, #"view "Odd Schema.x"."drüber""#,
      ])
    try await trial.run(ddl.dropUnreplaceable())
    try await trial.takeItsPlace()
    try await trial.run(ddl.sequenceOwnership() + ddl.rebindDependents() + ddl.populate())
    try await trial.expectOnlyIncomingKeyLost()
    let after = try await InventoryTrial.inventory(table)
    let kept = Set(before.dependents.map(\.oid)).intersection(after.dependents.map(\.oid))
    #expect(kept.count == before.dependents.count - 4)
    let left = try await InventoryTrial.inventory(InventorySchema.old)
    #expect(left.dependents.isEmpty)
  }

  @Test("an inventory survives JSON")
  func coded() async throws {
    let before = try await InventoryTrial.inventory(table)
    #expect(try InventoryTrial.coded(before) == before)
  }
}

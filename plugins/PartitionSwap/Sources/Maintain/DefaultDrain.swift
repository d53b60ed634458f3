import OnlineDDL
import PluginAPI

/// Moves the rows of one range out of the default partition, in one transaction: its own table is made, filled and
/// attached while nobody uses the table, so that every statement sees each row exactly once, whatever its snapshot: an
/// older one still sees it where it was deleted, and not where it is new.
struct DefaultDrain {
  let table: PartitionedTable
  let rest: ExistingPartition
  let key: PartitionKey
  let creation: LeafCreation
  /// All but generated ones.
  let columns: [String]
  /// `ENABLE TRIGGER …` as they are enabled: moving a row is no deletion for the application.
  let triggers: [(name: String, enable: String)]

  static func read(
    _ table: PartitionedTable, _ rest: ExistingPartition, _ key: PartitionKey, _ creation: LeafCreation,
    _ facts: any Facts
  ) async throws -> DefaultDrain {
    let columns = try await facts.rows(
      """
      SELECT a.attname AS name FROM pg_attribute a
      WHERE a.attrelid = \(rest.oid)::int8::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      ORDER BY a.attnum
      """
    ).map { try $0.string("name") }
    let triggers = try await facts.rows(
      """
      SELECT t.tgname AS name, CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
        ELSE 'ENABLE' END AS enable
      FROM pg_trigger t WHERE t.tgrelid = \(rest.oid)::int8::oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY 1
      """
    ).map { (name: try $0.string("name"), enable: try $0.string("enable")) }
    return DefaultDrain(table: table, rest: rest, key: key, creation: creation, columns: columns, triggers: triggers)
  }

  func operation(_ leaf: PlannedLeaf) -> Operation {
    let statements = creation.create(leaf.name) + disabling + [move(leaf)] + enabling + [creation.attach(leaf)]
    return Operation(
      id: "drain:\(leaf.name)", title: "move rows of \(rest.name) into partition \(leaf.name)",
      locks: creation.locks + [RelationLock(.accessExclusive, table.name)],
      work: .transaction(TransactionWork(entry: entry, statements.map { TransactionStatement($0) })),
      undo: .operations([back(leaf)]))
  }

  /// The parent as well: a statement that has looked up the partitions before, and then waits for the default one, would
  /// go on with a new snapshot and without the new partition, and miss the rows. Who waits for the parent has not
  /// looked.
  private var entry: [SQL] {
    [
      "LOCK TABLE ONLY \(id: table.name) IN ACCESS EXCLUSIVE MODE",
      "LOCK TABLE ONLY \(id: rest.name) IN ACCESS EXCLUSIVE MODE",
    ]
  }

  private func move(_ leaf: PlannedLeaf) -> SQL {
    """
    WITH moved AS (
      DELETE FROM ONLY \(id: rest.name) WHERE \(sql: leaf.bound.condition(key) ?? "false") RETURNING \(id: columns))
    INSERT INTO \(id: leaf.name) (\(id: columns)) OVERRIDING SYSTEM VALUE SELECT \(id: columns) FROM moved
    """
  }

  /// Rows that have come since go back as well.
  private func back(_ leaf: PlannedLeaf) -> Operation {
    let insert: SQL = """
      INSERT INTO \(id: rest.name) (\(id: columns)) OVERRIDING SYSTEM VALUE
      SELECT \(id: columns) FROM ONLY \(id: leaf.name)
      """
    let statements: [SQL] =
      [
        "ALTER TABLE \(id: table.name) DETACH PARTITION \(id: leaf.name)",
      ] + disabling + [insert] + enabling + ["DROP TABLE \(id: leaf.name)"]
    return .transaction(
      id: "back:\(leaf.name)", title: "move the rows of \(leaf.name) back into \(rest.name)",
      statements.map { TransactionStatement($0) },
      locks: [
        RelationLock(.accessExclusive, table.name), RelationLock(.accessExclusive, rest.name),
        RelationLock(.accessExclusive, leaf.name),
      ] + creation.template.referenced.map { RelationLock(.accessExclusive, $0) },
      undo: .nothing)
  }

  private var disabling: [SQL] { triggers.map { "ALTER TABLE \(id: rest.name) DISABLE TRIGGER \(id: $0.name)" } }

  private var enabling: [SQL] {
    triggers.map { "ALTER TABLE \(id: rest.name) \(sql: $0.enable) TRIGGER \(id: $0.name)" }
  }
}

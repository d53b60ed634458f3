import OnlineDDL
import PluginAPI

/// A unique index of the table without the partition key: a partition has another in its place. Both are built without
/// stopping writers, the wide one before the cutover, the narrow one again before the way back.
struct ReplacedIndex: Sendable, Hashable, Codable {
  /// Of the index, and of its constraint.
  var name: String
  /// `PRIMARY KEY`, `UNIQUE`; `nil`: an index alone.
  var constraint: String?
  /// ` DEFERRABLE INITIALLY DEFERRED`
  var timing: String
  var comment: String?
  /// On the first partition, before it is the table again.
  var narrow: IndexDefinition
  /// On the table, before it is a partition; `nil`: nothing takes its place.
  var wide: IndexDefinition?

  /// What the table had, under the lock.
  func drop(from table: QualifiedName) -> SQL { ReplacedIndex.drop(name, constraint != nil, from: table) }

  /// The built index becomes the constraint that the partitioned table's is inherited by.
  func makeWide(on table: QualifiedName) -> [SQL] {
    guard let wide, let constraint else { return [] }
    return [using(wide.name.name, as: wide.name.name, constraint, on: table)]
  }

  func dropWide(from table: QualifiedName) -> [SQL] {
    wide.map { [ReplacedIndex.drop($0.name.name, constraint != nil, from: table)] } ?? []
  }

  /// The table's own again, under its name.
  func makeNarrow(on table: QualifiedName) -> [SQL] {
    let named = QualifiedName(table.schema, name)
    let made: SQL = constraint.map { using(narrow.name.name, as: name, $0, on: table) }
      ?? "ALTER INDEX \(id: narrow.name) RENAME TO \(id: name)"
    var statements = [made]
    if let comment { statements.append("COMMENT ON CONSTRAINT \(id: name) ON \(id: table) IS \(literal: comment)") }
    if let comment = narrow.comment { statements.append("COMMENT ON INDEX \(id: named) IS \(literal: comment)") }
    for (key, target) in narrow.statisticsTargets.sorted(by: { $0.key < $1.key }) {
      statements.append(
        "ALTER INDEX \(id: named) ALTER COLUMN \(sql: String(key)) SET STATISTICS \(sql: String(target))")
    }
    if narrow.isClustered { statements.append("ALTER TABLE \(id: table) CLUSTER ON \(id: name)") }
    return statements
  }

  private func using(_ index: String, as name: String, _ constraint: String, on table: QualifiedName) -> SQL {
    """
    ALTER TABLE \(id: table) ADD CONSTRAINT \(id: name) \(sql: constraint) USING INDEX \(id: index)\(sql: timing)
    """
  }

  private static func drop(_ name: String, _ isConstraint: Bool, from table: QualifiedName) -> SQL {
    isConstraint
      ? "ALTER TABLE \(id: table) DROP CONSTRAINT IF EXISTS \(id: name)"
      : "DROP INDEX IF EXISTS \(id: QualifiedName(table.schema, name))"
  }
}

extension SwapSubject {
  private var replacedInventory: [TableInventory.Index] {
    let primary = primaryKey.columns.contains(key.name) ? [] : table.indexes.filter(\.isPrimary)
    return primary + narrowUniques.filter { !$0.isExclusion && $0.isValid }
  }

  var replacedNames: [QualifiedName] { replacedInventory.map(\.name) }

  func replacedIndexes() async throws -> [ReplacedIndex] {
    let indexes = replacedInventory
    guard !indexes.isEmpty else { return [] }
    let appended = try await keyOfIndex()
    return indexes.map { index in
      let constraint = table.constraint(index.constraint ?? "")
      let timing = constraint.map { $0.isDeferred ? " DEFERRABLE INITIALLY DEFERRED" : $0.isDeferrable ? " DEFERRABLE" : "" }
      let isDropped = !index.isPrimary && wanted.unique[index.name.name] == .drop
      return ReplacedIndex(
        name: index.name.name, constraint: constraint.map { $0.kind == .primaryKey ? "PRIMARY KEY" : "UNIQUE" },
        timing: timing ?? "", comment: constraint?.comment, narrow: narrow(index),
        wide: isDropped ? nil : wide(index, appended))
    }
  }

  private func narrow(_ index: TableInventory.Index) -> IndexDefinition {
    let names = SwapNames(name, tag: "")
    let targets = index.keys.enumerated().filter { $0.element.statisticsTarget >= 0 }
    return IndexDefinition(
      name: QualifiedName(name.schema, SwapNames.old(index.name.name)), table: names.history, isUnique: true,
      body: index.body, signature: signature(index, index.keys), columns: index.columns, tablespace: index.tablespace,
      comment: index.comment,
      statisticsTargets: Dictionary(
        targets.map { ($0.offset + 1, $0.element.statisticsTarget) }, uniquingKeysWith: { first, _ in first }),
      isClustered: index.isClustered)
  }

  private func wide(_ index: TableInventory.Index, _ appended: IndexKey) -> IndexDefinition {
    let columns = Set(index.columns + [key.name]).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return IndexDefinition(
      name: QualifiedName(name.schema, SwapNames.history(index.name.name)), table: name, isUnique: true,
      body: ColumnList.append(key.name, to: index.body), signature: signature(index, index.keys + [appended]),
      columns: columns, tablespace: index.tablespace)
  }

  private func signature(_ index: TableInventory.Index, _ keys: [IndexKey]) -> String {
    IndexSignature.text(
      method: index.method, isUnique: true, nullsNotDistinct: index.nullsNotDistinct, keys: keys, include: index.include,
      options: index.options, hasPredicate: index.predicate != nil)
  }

  /// The partition key as a B-tree has it by default.
  private func keyOfIndex() async throws -> IndexKey {
    let row = try await facts.rows(
      """
      SELECT n.nspname::text AS schema, o.opcname::text AS name
      FROM pg_attribute a
      JOIN pg_opclass o ON o.opcintype = a.atttypid AND o.opcdefault
      JOIN pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'
      JOIN pg_namespace n ON n.oid = o.opcnamespace
      WHERE a.attrelid = to_regclass(\(name.quoted)) AND a.attname = \(key.name)
      """
    ).first
    let operators = try row.map { QualifiedName(try $0.string("schema"), try $0.string("name")) }
    return IndexKey(column: key.name, text: Quoting.identifier(key.name), operatorClass: operators)
  }
}

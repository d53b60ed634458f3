import OnlineDDL
import PluginAPI

extension RangeMove {
  /// What stands against moving rows while they are written, as a sentence; `nil`: nothing.
  static func obstacle(
    _ table: TableInventory, _ content: DefaultContent, maxStall: TimeSpan, _ names: [QualifiedName], _ facts: any Facts
  ) async throws -> (why: String, choice: String)? {
    guard table.constraints.contains(where: { $0.kind == .primaryKey }) else {
      return ("\(table.name) has no primary key by which they could be followed", "give it a primary key")
    }
    if let index = table.indexes.first(where: { !$0.isValid }) {
      return ("\(index.name.name) of \(table.name) is not valid", "attach an index of each partition to it, or drop it")
    }
    if content.staying + content.irregularRows > DefaultContent.mostRows {
      return (
        "more than \(DefaultContent.mostRows) of its rows belong to no range that can be made",
        "create partitions for irregular ranges by hand; NULL and infinity to a key that has a range"
      )
    }
    // Attaching checks them under the lock: about a microsecond for a row and key.
    let keys = table.constraints.count { $0.kind == .foreignKey }
    let rows = try await facts.relation(content.partition.name)?.rows ?? 0
    if Double(keys) * rows / 1_000 > Double(maxStall.milliseconds) / 2 {
      return (
        "\(keys) foreign keys of about \(Int(rows)) rows would be checked under the lock, longer than max_stall (\(maxStall)) allows",
        "max_stall: \(Int(Double(keys) * rows / 500 / 1_000) + 1)s for this step, in a quiet hour"
      )
    }
    for name in names where try await facts.relation(name) != nil {
      return ("\(name) exists already, and its name is needed", "finish or roll back the run that left it, or drop it")
    }
    return nil
  }

  init(
    _ table: PartitionedTable, _ inventory: TableInventory, _ rest: ExistingPartition,
    _ creation: LeafCreation, tag: String, _ facts: any Facts
  ) async throws {
    parent = table.name
    self.rest = rest.name
    (staging, staying) = RangeMove.names(rest.name)
    indexes = inventory.indexes.map { RangeMove.index($0, of: inventory) }.sorted { $0.isPrimary && !$1.isPrimary }
    partitionedBy = try await facts.rows("SELECT pg_get_partkeydef(\(table.facts.oid)::int8::oid)").first?[0] ?? ""
    let drain = try await DefaultDrain.read(table, rest, table.key ?? PartitionKey(column: "", type: ""), creation, facts)
    triggers = drain.triggers.map { Trigger(name: $0.name, enable: $0.enable) }
    referenced = creation.template.referenced
    let key = inventory.constraints.first { $0.kind == .primaryKey }?.columns ?? []
    let columns = Array(drain.columns)
    log = KeyLog(
      source: rest.name, copy: staging, primaryKey: try await LoggedColumn.read(key, of: rest.name, facts),
      partitionKey: try await LoggedColumn.read([table.key?.column ?? ""], of: rest.name, facts).first
        ?? LoggedColumn("", ""),
      columns: columns, name: Quoting.fitted(rest.name.name, suffix: "_\(tag)"))
    let types = inventory.columns.filter { $0.generated == nil }.map(\.type)
    log.hashesRecords = try await facts.attempt(KeyLog.hashing(types)) == nil
  }

  static func names(_ rest: QualifiedName) -> (staging: QualifiedName, staying: QualifiedName) {
    func name(_ suffix: String) -> QualifiedName { QualifiedName(rest.schema, Quoting.fitted(rest.name, suffix: suffix)) }
    return (name("_move"), name("_stay"))
  }

  /// The same on a partition: ATTACH takes it over.
  private static func index(_ index: TableInventory.Index, of table: TableInventory) -> CopyIndex {
    let constraint = index.constraint.flatMap { table.constraint($0) }
    let kind: CopyIndex.Kind = constraint != nil ? .constraint : index.isUnique ? .uniqueIndex : .index
    return CopyIndex(
      name: index.name.name, kind: kind, body: constraint?.definition ?? index.body, tablespace: index.tablespace,
      comment: nil, isSecondaryUnique: !index.isPrimary && (index.isUnique || index.isExclusion), isPrimary: index.isPrimary)
  }
}

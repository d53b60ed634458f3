import JSONText
import PlanSchema
import PluginAPI

/// The original rows, kept aside in the transaction that changes them; the one way back.
struct Quarantine: Sendable {
  /// By the table they come from.
  let names: [QualifiedName: QualifiedName]
  let map: ResolvedMap
  let marker: MarkerKeys?

  private static let number = "caisson_row"

  init(_ keys: QuarantineKeys, _ map: ResolvedMap, marker: MarkerKeys?, tag: String) {
    self.map = map
    self.marker = marker
    let changed = map.tables.filter { $0.isOwned && !$0.changed.isEmpty }.map(\.name)
    let all = changed.contains(map.subject.name) ? changed : changed + [map.subject.name]
    names = Dictionary(uniqueKeysWithValues: all.map {
      ($0, QualifiedName(keys.schema.name, Quoting.fitted("\($0.name)_\(tag)")))
    })
  }

  private var sources: [QualifiedName] { names.keys.sorted() }
  var tables: [QualifiedName] { names.values.sorted() }

  var create: [SQL] {
    sources.compactMap { source in
      names[source].map { name in
        [
          "CREATE TABLE \(id: name) AS SELECT t.* FROM \(id: source) AS t WITH NO DATA",
          "ALTER TABLE \(id: name) ADD COLUMN \(id: Self.number) bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
          "REVOKE ALL ON \(id: name) FROM PUBLIC",
          "COMMENT ON TABLE \(id: name) IS \(literal: "Original rows of \(source), kept until the step's rollback is given up.")",
        ]
      }
    }.flatMap { $0 }
  }

  /// Once: a row that is touched twice was its own self the first time.
  func keep(_ table: MappedTable, _ rows: SQL) -> SQL {
    guard let name = names[table.name] else { return "SELECT 0" }
    let columns = table.columns.map(\.name)
    let same = table.primaryKey.map { "q.\(id: $0) = t.\(id: $0)" as SQL }.joined(separator: " AND ")
    return """
      INSERT INTO \(id: name) (\(id: columns))
      SELECT \(sql: columns.map { "t.\(id: $0)" as SQL }.joined(separator: ", ")) FROM \(sql: table.source)
      WHERE \(sql: rows) AND NOT EXISTS (SELECT FROM \(id: name) AS q WHERE \(sql: same))
      """
  }

  /// Puts back what the step changed, and nothing else.
  func restore(settings: [Setting], triggers: [DisabledTrigger]) -> [Operation] {
    sources.compactMap { source in
      guard let name = names[source], let table = map[source] ?? (source == map.subject.name ? map.subject : nil) else { return nil }
      let columns = changed(table)
      guard !columns.isEmpty else { return nil }
      let statements = triggers.map(\.disable) + [change(table, name, columns)] + triggers.reversed().map(\.enable) + [
        "SELECT to_jsonb(max(q.\(id: Self.number))), count(*) FROM \(id: name) AS q WHERE \(sql: window)"
      ]
      return .chunked(
        id: "restore-\(source)", title: "put the rows of \(source) back",
        ChunkedWork(statements, total: "SELECT count(*) FROM \(id: name)", target: .milliseconds(500), settings: settings),
        locks: DisabledTrigger.locks(statements, triggers), undo: .nothing)
    }
  }

  private func changed(_ table: MappedTable) -> [String] {
    var columns = table.changed.map(\.name)
    if table.isSubject, let marker { columns += [marker.column.name] + (marker.at.map { [$0.name] } ?? []) }
    return columns
  }

  private var window: SQL {
    "q.\(id: Self.number) > \(sql: WorkTables.cursor) AND q.\(id: Self.number) <= \(sql: WorkTables.cursor) + $size"
  }

  private func change(_ table: MappedTable, _ name: QualifiedName, _ columns: [String]) -> SQL {
    let settings = columns.map { "\(id: $0) = q.\(id: $0)" as SQL }.joined(separator: ", ")
    let same = table.primaryKey.map { "q.\(id: $0) = t.\(id: $0)" as SQL }.joined(separator: " AND ")
    return "UPDATE \(sql: table.source) SET \(sql: settings) FROM \(id: name) AS q WHERE \(sql: same) AND \(sql: window)"
  }

  // MARK: The end of it

  struct Carry: Codable { var quarantine: [QualifiedName] }

  var carry: JSON { get throws { try JSON(encoding: Carry(quarantine: tables)) } }

  static func expiry(_ carry: JSON) throws -> Program {
    guard !carry.isNull else { return Program() }
    let kept: Carry = try carry.decoded()
    let drops = kept.quarantine.map { TransactionStatement("DROP TABLE IF EXISTS \(id: $0)") }
    return Program(
      operations: [
        .transaction(
          id: "expire", title: "drop the quarantined originals", drops,
          locks: kept.quarantine.map { RelationLock(.accessExclusive, $0) },
          undo: .irreversible(reason: "the original rows are dropped"))
      ], carry: carry)
  }
}

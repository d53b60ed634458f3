import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText

/// Where a batch keeps what rollback needs: written in each chunk's own statement, emptied by chunks, then dropped.
struct UndoTable {
  enum Kind: Hashable {
    case updated([String])
    case deleted
    case inserted
  }

  let name: QualifiedName
  private let table: BatchTable
  private let key: Keyset
  private let kind: Kind

  init(name: QualifiedName, of kept: (table: BatchTable, key: Keyset), of kind: Kind) {
    self.name = name
    (table, key) = kept
    self.kind = kind
  }

  /// A space makes the name one that no column is likely to have.
  private static func written(_ column: String) -> String { Quoting.fitted("new " + column) }

  private func quoted(_ names: [String]) -> String { names.map(Quoting.identifier).joined(separator: ", ") }

  private var columns: [String] {
    switch kind {
    case .updated(let set): key.names + set + set.map(UndoTable.written)
    case .deleted: table.insertable
    case .inserted: key.names
    }
  }

  /// Stays after success, so that rollback is possible; whoever no longer wants that drops it.
  var creation: Operation {
    let source: [String]
    if case .updated(let set) = kind {
      source =
        (key.names + set).map(Quoting.identifier)
        + set.map { "\(Quoting.identifier($0)) AS \(Quoting.identifier(UndoTable.written($0)))" }
    } else {
      source = columns.map(Quoting.identifier)
    }
    let create: SQL =
      "CREATE TABLE \(id: name) AS SELECT \(sql: source.joined(separator: ", ")) FROM \(id: table.name) WITH NO DATA"
    let remark =
      "What rolling back a batch over \(table.name) needs. Holds rows of it; drop it when that is not wanted."
    let drop = Operation.transaction(
      id: "forget", title: "drop \(name)", [TransactionStatement("DROP TABLE IF EXISTS \(id: name)")],
      locks: [RelationLock(.accessExclusive, name)], undo: .nothing)
    return .transaction(
      id: "keep", title: "create \(name) for rollback",
      [
        TransactionStatement(create),
        TransactionStatement("ALTER TABLE \(id: name) ADD PRIMARY KEY (\(sql: quoted(key.names)))"),
        TransactionStatement("COMMENT ON TABLE \(id: name) IS \(literal: remark)"),
      ],
      unless: "SELECT to_regclass(\(literal: name.quoted)) IS NOT NULL",
      locks: [RelationLock(.accessShare, table.name), RelationLock(.accessExclusive, name)], undo: .operations([drop]))
  }

  /// Members of a chunk's statement that save old and new values of its rows.
  func savingUpdates(count: Int) -> String {
    let old = (1...max(1, count)).map { "o.\"caisson_o\($0)\"" }
    let new = (1...max(1, count)).map { "n.\"caisson_n\($0)\"" }
    let keys = key.aliases.map { "o.\(Quoting.identifier($0))" }
    return """
      , "caisson_saved" AS (
        INSERT INTO \(name.quoted) (\(quoted(columns)))
        SELECT \((keys + old + new).joined(separator: ", "))
        FROM "\(KeyWindow.names.chunk)" AS o JOIN "caisson_changed" AS n USING (\(key.aliasList))
      )
      """
  }

  /// The same of what the chunk's statement returned.
  var savingReturned: String {
    """
    , "caisson_saved" AS (
      INSERT INTO \(name.quoted) (\(quoted(columns))) SELECT \(quoted(columns)) FROM "caisson_changed"
    )
    """
  }

  /// Puts rows back as they were, except those somebody has changed since: theirs is the later word.
  func restoration(chunk: TimeSpan) -> [Operation] {
    let statement = RestoreStatement(undo: name, table: table, key: key, kind: kind, written: UndoTable.written).text
    let work = ChunkedWork(
      [SQL(verbatim: statement)], total: "SELECT count(*) FROM \(id: name)", target: chunk,
      settings: ChunkText.settings)
    return [
      .chunked(
        id: "restore", title: "restore \(table.name)", work, locks: ChunkText.locks(of: statement), undo: .nothing),
      .observe(
        id: "left", title: "count rows changed since, which stay as they are",
        ObserveWork([.init("changed_since", "SELECT count(*) FROM \(id: name)")])),
    ]
  }
}

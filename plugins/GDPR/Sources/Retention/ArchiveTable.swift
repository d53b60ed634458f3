import OnlineDDL
import PluginAPI

/// Where archived rows go. A row says when it came and with which run, so that a run can be taken back.
struct ArchiveTable {
  let name: QualifiedName
  let source: BatchTable
  /// Columns of the key that rows are found by.
  let key: [String]
  let exists: Bool
  /// It says of each row when it came and with what.
  let isMarked: Bool
  /// A run's rows can be found and given back.
  let isReversible: Bool
  let hasRowSecurity: Bool
  let run: String

  static let marks = ["archived_at", "archived_by"]

  static func read(
    _ name: QualifiedName, for source: BatchTable, along key: [String], run: String, at mark: SourceRange,
    _ facts: any Facts
  ) async throws -> ArchiveTable {
    let secured = try await facts.rows(
      "SELECT relrowsecurity AS secured FROM pg_class WHERE oid = \(literal: source.name.quoted)::regclass")
    let hasRowSecurity = try secured.first?.bool("secured") ?? false
    guard let found = try await BatchTable.read(name, facts) else {
      let known = try await facts.rows("SELECT FROM pg_namespace WHERE nspname = \(name.schema)")
      guard !known.isEmpty else {
        throw StepRefusal(
          "retention.archive_schema", "schema \(QualifiedName.readable(name.schema)) does not exist",
          choices: ["create it in an earlier step"], at: mark)
      }
      return ArchiveTable(
        name: name, source: source, key: key, exists: false, isMarked: true, isReversible: true,
        hasRowSecurity: hasRowSecurity, run: run)
    }
    let missing = source.columns.map(\.name).filter { found[$0] == nil || found[$0]?.generated == true }
    guard missing.isEmpty else {
      throw StepRefusal(
        "retention.archive_columns",
        "\(name) cannot take \(missing.map(QualifiedName.readable).joined(separator: ", ")) of \(source.name)",
        choices: ["add them to it in an earlier step", "archive: { table: another name }"], at: mark)
    }
    let isMarked = marks.allSatisfy { found[$0] != nil }
    return ArchiveTable(
      name: name, source: source, key: key, exists: true, isMarked: isMarked,
      isReversible: isMarked && found.usableKeys.contains { Set($0.columns) == Set(key) }, hasRowSecurity: hasRowSecurity,
      run: run)
  }

  private var columns: [String] { source.columns.map(\.name) }
  private var quoted: String { columns.map(Quoting.identifier).joined(separator: ", ") }

  /// The member of a batch's statement that keeps what another member removed.
  func taking(_ removed: String) -> String {
    let marks = isMarked ? ", \"archived_at\", \"archived_by\"" : ""
    let values = isMarked ? ", now(), \(Quoting.literal(run))" : ""
    return """
      , "caisson_archived" AS (
        INSERT INTO \(name.quoted) (\(quoted)\(marks)) OVERRIDING SYSTEM VALUE
        SELECT \(quoted)\(values) FROM "\(removed)"
      )
      """
  }

  /// As the source has its columns, without its defaults: nothing is ever inserted but what was there.
  var creation: Operation {
    var statements: [SQL] = [
      """
      CREATE TABLE \(id: name) (LIKE \(id: source.name) INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS,
        archived_at timestamptz NOT NULL DEFAULT now(), archived_by text NOT NULL, PRIMARY KEY (\(id: key)))
      """,
      "REVOKE ALL ON \(id: name) FROM PUBLIC",
    ]
    // Who may see what of the source is nobody's guess: the owner, until somebody says otherwise.
    if hasRowSecurity { statements.append("ALTER TABLE \(id: name) ENABLE ROW LEVEL SECURITY") }
    return .transaction(
      id: "archive", title: "create \(name)", statements.map { TransactionStatement($0) },
      locks: [RelationLock(.accessShare, source.name), RelationLock(.accessExclusive, name)], undo: .operations([removal]))
  }

  private var removal: Operation {
    .transaction(
      id: "remove-archive", title: "drop \(name) if it is empty", [TransactionStatement("DROP TABLE \(id: name)")],
      unless: "SELECT EXISTS (SELECT FROM \(id: name))", locks: [RelationLock(.accessExclusive, name)], undo: .nothing)
  }

  /// Gives the table back what this run archived.
  func restoration(chunk: TimeSpan, batch: Int, settings: [Setting]) -> Operation {
    let keyset = source.keyset(key)
    let window = KeyWindow(source: name.quoted, alias: name.name, keyset: keyset)
    let alias = Quoting.identifier(name.name)
    let names = source.insertable.map(Quoting.identifier)
    let text = window.opening
      + window.chunk(matching: "\(alias).\"archived_by\" = \(Quoting.literal(run))", lock: "FOR UPDATE OF \(alias)")
      + """
      , "caisson_changed" AS (
        DELETE FROM \(name.quoted) AS \(alias) USING "\(KeyWindow.names.chunk)"
        WHERE \(keyset.joined(name.name, to: KeyWindow.names.chunk))
          AND \(window.range(of: name.name))
        RETURNING \(names.map { "\(alias).\($0)" }.joined(separator: ", "))
      ), "caisson_restored" AS (
        INSERT INTO \(source.name.quoted) (\(names.joined(separator: ", "))) OVERRIDING SYSTEM VALUE
        SELECT \(names.joined(separator: ", ")) FROM "caisson_changed"
      )
      """ + window.closing(counting: "caisson_changed")
    let work = ChunkedWork(
      [SQL(verbatim: text)], total: "SELECT count(*) FROM \(id: name) WHERE archived_by = \(literal: run)",
      size: min(batch, 500), largestSize: batch, target: chunk, settings: ChunkText.settings + settings)
    return .chunked(
      id: "restore", title: "give \(source.name) back what was archived", work, locks: ChunkText.locks(of: text),
      undo: .nothing)
  }
}

import PluginAPI

/// What the step remembers while it is at work, in its own tables: who was selected, and salted digests of what was
/// replaced. Both are dropped when it is done.
struct WorkTables: Sendable {
  let work: QualifiedName
  /// Digests of original values, with the number of the column they came from.
  let values: QualifiedName
  /// Random, so that a digest cannot be looked up.
  let salt: QualifiedName

  init(tag: String) {
    work = QualifiedName("caisson", Quoting.fitted("anonymize_" + tag))
    values = QualifiedName("caisson", Quoting.fitted("anonymize_" + tag, suffix: "_value"))
    salt = QualifiedName("caisson", Quoting.fitted("anonymize_" + tag, suffix: "_salt"))
  }

  func create(_ selection: Selection) -> [SQL] {
    let map = selection.map
    return [
      """
      CREATE TABLE \(id: work) (
        ordinal bigint PRIMARY KEY,
        key \(sql: map.key.type) NOT NULL UNIQUE,
        state text CHECK (state IN ('taken', 'skipped'))
      )
      """,
      """
      INSERT INTO \(id: work) (ordinal, key)
      SELECT row_number() OVER (ORDER BY t.\(id: map.key.name)), t.\(id: map.key.name)
      FROM \(sql: map.subject.source) WHERE \(sql: selection.condition)
      """,
      "ANALYZE \(id: work)",
      """
      CREATE TABLE \(id: values) (
        digest bytea, origin integer, is_shared boolean NOT NULL DEFAULT false, PRIMARY KEY (digest, origin)
      )
      """,
      "CREATE TABLE \(id: salt) AS SELECT gen_random_uuid()::text || gen_random_uuid()::text AS salt",
      "COMMENT ON TABLE \(id: work) IS \(literal: "Subjects of a step that is at work; it drops this table when it is done.")",
    ]
  }

  var drop: [SQL] { [work, values, salt].map { "DROP TABLE IF EXISTS \(id: $0)" } }

  /// Where the next batch begins.
  static let cursor: SQL = "coalesce(($cursor #>> '{}')::bigint, 0)"

  /// The window of a batch; its size counts subjects.
  static var window: SQL { "w.ordinal > \(sql: cursor) AND w.ordinal <= \(sql: cursor) + $size" }

  /// Everybody in the batch.
  var batch: SubjectKeys { SubjectKeys("SELECT w.key FROM \(id: work) AS w WHERE \(sql: Self.window)") }

  /// Those of the batch who are still to be done, found so under lock.
  var taken: SubjectKeys {
    SubjectKeys("SELECT w.key FROM \(id: work) AS w WHERE \(sql: Self.window) AND w.state = 'taken'")
  }

  /// Everybody who was done.
  var done: SubjectKeys { SubjectKeys("SELECT w.key FROM \(id: work) AS w WHERE w.state = 'taken'") }

  /// All other people.
  func others(_ map: ResolvedMap) -> SubjectKeys {
    SubjectKeys(
      """
      SELECT t.\(id: map.key.name) AS key FROM \(sql: map.subject.source)
      WHERE NOT EXISTS (SELECT FROM \(id: work) AS w WHERE w.key = t.\(id: map.key.name) AND w.state = 'taken')
      """)
  }
}

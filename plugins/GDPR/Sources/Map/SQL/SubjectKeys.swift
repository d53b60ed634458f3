import PluginAPI

/// A relation of subjects' keys: one column, `key`, of the key's type. Everything that asks for a person's rows, of one
/// person or of thousands, asks with such a relation.
struct SubjectKeys: Sendable, Hashable {
  /// `SELECT … AS key FROM …`, without a semicolon; it may bind values.
  var query: SQL

  init(_ query: SQL) { self.query = query }

  /// One subject, as a constant: for places that bind no values.
  static func literal(_ key: String, type: String) -> SubjectKeys {
    SubjectKeys("SELECT CAST(\(literal: key) AS \(sql: type)) AS key")
  }

  /// For `column IN \(keys.list)`.
  var list: SQL { "(SELECT subject_keys.key FROM (\(sql: query)) AS subject_keys)" }
}

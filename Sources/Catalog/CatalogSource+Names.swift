public import SQLText

extension CatalogSource {
  /// Names a person may have meant: tables and what else can have indexes, in any schema of the user.
  public func relationNames(like name: QualifiedName) async throws -> [QualifiedName] {
    try await names(of: "'r', 'p', 'm', 'f', 'v'", like: name)
  }

  public func indexNames(like name: QualifiedName) async throws -> [QualifiedName] {
    try await names(of: "'i', 'I'", like: name)
  }

  /// Every relation of the schema whose name starts so: what a derived name must avoid. An empty prefix: all.
  public func takenNames(in schema: String, startingWith prefix: String) async throws -> Set<String> {
    let found = try await repeatedRows(
      """
      SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = \(schema) AND starts_with(c.relname::text, \(prefix))
      """)
    return Set(try found.map { try $0.string("name") })
  }

  /// The kind of whatever relation has that name.
  public func relationKind(_ name: QualifiedName) async throws -> RelationKind? {
    await consulted(name)
    return try await repeatedRows(
      """
      SELECT c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = \(name.schema) AND c.relname = \(name.name)
      """).first?["relkind"].flatMap(RelationKind.init(rawValue:))
  }

  /// Same name in another schema first, then by edit distance over names that begin alike or contain it.
  private func names(of kinds: SQL, like name: QualifiedName) async throws -> [QualifiedName] {
    let found = try await repeatedRows(
      """
      SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN (\(sql: kinds)) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      ORDER BY c.relname = \(name.name) DESC, n.nspname = \(name.schema) DESC, n.nspname, c.relname LIMIT 5000
      """)
    let known = try found.map { QualifiedName(try $0.string("schema"), try $0.string("name")) }
    let limit = max(2, name.name.count / 3)
    var near: [(distance: Int, name: QualifiedName)] = []
    for candidate in known {
      guard let distance = EditDistance.between(candidate.name, name.name, atMost: limit) else { continue }
      near.append((distance, candidate))
    }
    near.sort { $0.distance != $1.distance ? $0.distance < $1.distance : $0.name < $1.name }
    return near.prefix(3).map(\.name)
  }
}

/// Levenshtein distance; `nil` above the limit.
enum EditDistance {
  static func between(_ one: String, _ other: String, atMost limit: Int) -> Int? {
    let a = Array(one.unicodeScalars), b = Array(other.unicodeScalars)
    guard abs(a.count - b.count) <= limit else { return nil }
    var row = Array(0...b.count)
    for (place, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = place + 1
      for column in b.indices {
        let above = row[column + 1]
        row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == b[column] ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count] <= limit ? row[b.count] : nil
  }
}

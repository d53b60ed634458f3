import OnlineDDL
import PluginAPI

/// An index, or the constraint on it, that the partitioned table gets in place of one of the table's.
struct CopyIndex: Sendable, Hashable, Codable {
  enum Kind: String, Sendable, Hashable, Codable {
    case index, uniqueIndex, constraint
    /// PostgreSQL before 17 keeps it in each partition only.
    case leafConstraint
  }

  /// As it is called on the table.
  var name: String
  var kind: Kind
  /// From the access method on, or the constraint's definition.
  var body: String
  var tablespace: String?
  var comment: String?
  /// Of an expression among its keys, by its place from 1 on.
  var statisticsTargets: [Int: Int] = [:]
  /// The table's replica identity goes by it.
  var isReplicaIdentity = false
  /// It keeps rows unique: it is made when the copy is one past state of the table, not before.
  var isSecondaryUnique: Bool
  var isPrimary: Bool

  /// On a partition; PostgreSQL derives the name.
  func make(on leaf: QualifiedName) -> SQL {
    switch kind {
    case .index, .uniqueIndex: "CREATE \(sql: unique)INDEX ON \(id: leaf) USING \(sql: body)\(sql: place)"
    case .constraint, .leafConstraint: "ALTER TABLE \(id: leaf) ADD \(sql: body)"
    }
  }

  /// On the partitioned table: it takes over what its partitions have. `nil`: they alone have it.
  func adopt(on copy: QualifiedName, as temporary: String) -> SQL? {
    switch kind {
    case .index, .uniqueIndex: "CREATE \(sql: unique)INDEX \(id: temporary) ON \(id: copy) USING \(sql: body)\(sql: place)"
    case .constraint: "ALTER TABLE \(id: copy) ADD CONSTRAINT \(id: temporary) \(sql: body)"
    case .leafConstraint: nil
    }
  }

  /// Comments, and what the partitions' own indexes have beside their definition: their names are PostgreSQL's.
  func remarks(on copy: QualifiedName, as temporary: String) -> [SQL] {
    guard kind != .leafConstraint else { return [] }
    let index = QualifiedName(copy.schema, temporary)
    let object: SQL = kind == .constraint ? "CONSTRAINT \(id: temporary) ON \(id: copy)" : "INDEX \(id: index)"
    let comments = comment.map { ["COMMENT ON \(sql: object) IS \(literal: $0)" as SQL] } ?? []
    return comments + statisticsTargets.sorted { $0.key < $1.key }.flatMap { place, target -> [SQL] in
      let action = "ALTER COLUMN \(place) SET STATISTICS \(target)"
      return ["ALTER INDEX \(id: index) \(sql: action)", CopyIndex.each(of: index, "ALTER INDEX %1$s \(action)")]
    }
  }

  /// A statement for the index of each partition; `%1$s` is it, `%2$s` the partition, `%3$I` its bare name.
  static func each(of index: QualifiedName, _ statement: String) -> SQL {
    let body = """
      DECLARE part record;
      BEGIN
        FOR part IN SELECT i.indexrelid::regclass AS index, i.indrelid::regclass AS leaf, c.relname AS name
          FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid JOIN pg_class c ON c.oid = i.indexrelid
          WHERE h.inhparent = \(Quoting.literal(index.quoted))::regclass ORDER BY c.relname
        LOOP
          EXECUTE format(\(Quoting.literal(statement)), part.index, part.leaf, part.name);
        END LOOP;
      END
      """
    return "DO \(literal: body)"
  }

  private var unique: String { kind == .uniqueIndex ? "UNIQUE " : "" }
  private var place: SQL { tablespace.map { " TABLESPACE \(id: $0)" } ?? "" }
}

extension SwapSubject {
  /// What the copy gets, the primary key first.
  func copyIndexes() -> [CopyIndex] {
    let indexes = table.indexes.filter(\.isValid).compactMap { index -> CopyIndex? in
      guard var copy = copy(index) else { return nil }
      let targets = index.keys.enumerated().filter { $0.element.statisticsTarget >= 0 }
      copy.statisticsTargets = Dictionary(
        uniqueKeysWithValues: targets.map { ($0.offset + 1, $0.element.statisticsTarget) })
      copy.isReplicaIdentity = index.isReplicaIdentity && (copy.isPrimary || copy.isSecondaryUnique)
      return copy
    }
    return indexes.filter(\.isPrimary) + indexes.filter { !$0.isPrimary }
  }

  private func copy(_ index: TableInventory.Index) -> CopyIndex? {
    if index.isExclusion { return exclusion(index) }
    guard index.isUnique else { return plain(index) }
    let isNarrow = !index.keyColumns.contains(key.name)
    if isNarrow, !index.isPrimary {
      switch wanted.unique[index.name.name] {
      case .drop: return nil
      case .guard: return lookup(index)
      case .append, nil: break
      }
    }
    guard let name = index.constraint, let constraint = table.constraint(name) else {
      var copy = plain(index)
      copy.kind = .uniqueIndex
      copy.isSecondaryUnique = true
      if isNarrow { copy.body = ColumnList.append(key.name, to: index.body) }
      return copy
    }
    let definition = isNarrow ? ColumnList.append(key.name, to: constraint.definition) : constraint.definition
    return CopyIndex(
      name: name, kind: .constraint, body: storage(of: index, in: definition), tablespace: nil,
      comment: constraint.comment, isSecondaryUnique: !index.isPrimary, isPrimary: index.isPrimary)
  }

  private func plain(_ index: TableInventory.Index) -> CopyIndex {
    CopyIndex(
      name: index.name.name, kind: .index, body: index.body, tablespace: index.tablespace, comment: index.comment,
      isSecondaryUnique: false, isPrimary: false)
  }

  /// Lookups by it go on; the guard table enforces it, and has its name.
  private func lookup(_ index: TableInventory.Index) -> CopyIndex {
    var copy = plain(index)
    copy.name = Quoting.fitted(index.name.name, suffix: "_lookup")
    return copy
  }

  private func exclusion(_ index: TableInventory.Index) -> CopyIndex? {
    if isGuarded(index.constraint ?? "") { return lookup(index) }
    guard let constraint = table.constraint(index.constraint ?? "") else { return nil }
    return CopyIndex(
      name: constraint.name, kind: .leafConstraint, body: storage(of: index, in: constraint.definition, saysOptions: true),
      tablespace: nil, comment: constraint.comment, isSecondaryUnique: true, isPrimary: false)
  }

  /// A constraint's definition as the catalog has it says nothing about where and how its index is stored; that of an
  /// exclusion constraint says how.
  private func storage(of index: TableInventory.Index, in definition: String, saysOptions: Bool = false) -> String {
    var storage = index.options.isEmpty || saysOptions ? "" : " WITH (\(index.options.joined(separator: ", ")))"
    if let tablespace = index.tablespace { storage += " USING INDEX TABLESPACE \(Quoting.identifier(tablespace))" }
    guard !storage.isEmpty else { return definition }
    let ends = [" WHERE (", " DEFERRABLE"].compactMap { definition.firstRange(of: $0)?.lowerBound }
    guard let end = ends.min() else { return definition + storage }
    return definition[..<end] + storage + definition[end...]
  }
}

/// The first list in parentheses of a definition the server rendered.
enum ColumnList {
  static func append(_ column: String, to definition: String) -> String {
    var depth = 0
    var quote: Unicode.Scalar?
    // By scalars: a name may begin with a character that combines with the quote before it.
    for place in definition.unicodeScalars.indices {
      let character = definition.unicodeScalars[place]
      if let open = quote {
        if character == open { quote = nil }
        continue
      }
      switch character {
      case "\"", "'": quote = character
      case "(": depth += 1
      case ")":
        depth -= 1
        if depth == 0 { return definition[..<place] + ", \(Quoting.identifier(column))" + definition[place...] }
      default: break
      }
    }
    return definition
  }
}

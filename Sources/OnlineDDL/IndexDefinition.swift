public import PluginAPI

/// Everything needed to build one index and to recognise it afterwards, whether it was specified or read from the
/// catalog.
public struct IndexDefinition: Sendable, Hashable, Codable {
  public var name: QualifiedName
  public var table: QualifiedName
  public var isUnique: Bool
  /// From the method on: `btree (id) INCLUDE (name) WHERE (…)`.
  public var body: String
  public var signature: String
  /// The columns it reads, where they are known.
  public var columns: [String]?
  public var tablespace: String?
  public var comment: String?
  /// Statistics targets by key number, for expressions.
  public var statisticsTargets: [Int: Int]
  public var isClustered: Bool

  public init(
    name: QualifiedName, table: QualifiedName, isUnique: Bool, body: String, signature: String,
    columns: [String]? = nil, tablespace: String? = nil, comment: String? = nil,
    statisticsTargets: [Int: Int] = [:], isClustered: Bool = false
  ) {
    self.name = name
    self.table = table
    self.isUnique = isUnique
    self.body = body
    self.signature = signature
    self.columns = columns
    self.tablespace = tablespace
    self.comment = comment
    self.statisticsTargets = statisticsTargets
    self.isClustered = isClustered
  }

  /// From the catalog: the server's own text, to be built again as it was.
  public init(_ index: IndexFacts) {
    let marker = " USING "
    let body = index.definition.firstRange(of: marker).map { String(index.definition[$0.upperBound...]) }
    self.init(
      name: index.name, table: index.table, isUnique: index.isUnique, body: body ?? "", signature: index.signature,
      columns: index.columns, tablespace: index.tablespace, comment: index.comment,
      statisticsTargets: Dictionary(
        index.keys.enumerated().filter { $0.element.statisticsTarget >= 0 }.map {
          ($0.offset + 1, $0.element.statisticsTarget)
        }, uniquingKeysWith: { first, _ in first }),
      isClustered: index.isClustered)
  }

  /// The same index on another table: a partition's part of it.
  public func on(_ table: QualifiedName, named name: String) -> IndexDefinition {
    var copy = self
    copy.table = table
    copy.name = QualifiedName(table.schema, name)
    return copy
  }

  /// `CREATE INDEX CONCURRENTLY …`; never IF NOT EXISTS, which takes a broken leftover for success.
  public var createConcurrently: SQL {
    "CREATE \(sql: unique)INDEX CONCURRENTLY \(id: name.name) ON \(id: table) USING \(sql: body)"
  }

  /// The index of a partitioned table, without those of its partitions: catalog work alone.
  public var createOnly: SQL {
    "CREATE \(sql: unique)INDEX \(id: name.name) ON ONLY \(id: table) USING \(sql: body)"
  }

  public var dropConcurrently: SQL { "DROP INDEX CONCURRENTLY \(id: name)" }

  /// What a session that builds it has in `pg_stat_activity.query`.
  var head: String { "INDEX CONCURRENTLY \(Quoting.identifier(name.name)) ON \(table.quoted)" }

  private var unique: String { isUnique ? "UNIQUE " : "" }
}

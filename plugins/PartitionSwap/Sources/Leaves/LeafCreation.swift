import OnlineDDL
import PluginAPI

/// Makes partitions: standalone tables first, which then are attached. `PARTITION OF` would take ACCESS EXCLUSIVE on the
/// parent; ATTACH takes SHARE UPDATE EXCLUSIVE, and ACCESS EXCLUSIVE on a default partition only.
struct LeafCreation {
  let template: LeafTemplate
  let defaultPartition: QualifiedName?

  init(_ template: LeafTemplate, defaultPartition: QualifiedName?) {
    self.template = template
    self.defaultPartition = defaultPartition
  }

  /// One new, empty partition in one transaction.
  func operation(_ leaf: PlannedLeaf) -> Operation {
    .transaction(
      id: "create:\(leaf.name)", title: "create partition \(leaf.name)",
      (create(leaf.name) + [attach(leaf)]).map { TransactionStatement($0) }, locks: locks,
      undo: .operations([remove(leaf.name)]))
  }

  /// The table with everything that ATTACH does not bring. `check`: a CHECK it begins with.
  func create(_ leaf: QualifiedName, check: SQL? = nil) -> [SQL] {
    [table(leaf, check)] + properties(of: leaf) + access(to: leaf)
  }

  func attach(_ leaf: PlannedLeaf) -> SQL {
    "ALTER TABLE \(id: template.parent) ATTACH PARTITION \(id: leaf.name) \(sql: leaf.bound.forValues)"
  }

  /// On relations that were there before.
  var locks: [RelationLock] {
    [RelationLock(.shareUpdateExclusive, template.parent)]
      + (defaultPartition.map { [RelationLock(.accessExclusive, $0)] } ?? [])
      + template.referenced.map { RelationLock(.shareRowExclusive, $0) }
  }

  /// Takes a partition away again unless somebody has put rows into it: those are the application's.
  func remove(_ leaf: QualifiedName) -> Operation {
    .transaction(
      id: "remove:\(leaf)", title: "drop partition \(leaf) if it is empty",
      [
        TransactionStatement("LOCK TABLE ONLY \(id: template.parent) IN ACCESS EXCLUSIVE MODE"),
        TransactionStatement(
          "SELECT NOT EXISTS (SELECT FROM \(id: leaf))", expect: .isTrue,
          message: "rows have come into \(leaf): it stays; roll back again"),
        // What other tables' foreign keys have on it goes with DETACH, and would stop a plain DROP.
        TransactionStatement("ALTER TABLE \(id: template.parent) DETACH PARTITION \(id: leaf)"),
        TransactionStatement("DROP TABLE \(id: leaf)"),
      ],
      unless: "SELECT EXISTS (SELECT FROM \(id: leaf))",
      locks: [RelationLock(.accessExclusive, template.parent), RelationLock(.accessExclusive, leaf)]
        + (defaultPartition.map { [RelationLock(.accessExclusive, $0)] } ?? [])
        + template.referenced.map { RelationLock(.accessExclusive, $0) },
      undo: .nothing)
  }

  private func table(_ leaf: QualifiedName, _ check: SQL?) -> SQL {
    let constraint: SQL = check.map { ", CONSTRAINT \(id: LeafCreation.boundCheck) CHECK (\(sql: $0))" } ?? ""
    var sql: SQL = """
      CREATE \(sql: template.isUnlogged ? "UNLOGGED " : "")TABLE \(id: leaf) \
      (LIKE \(id: template.parent) INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES\(sql: constraint))
      """
    if let method = template.accessMethod { sql.append(" USING \(id: method)") }
    if !template.options.isEmpty {
      sql.append(" WITH (\(sql: template.options.map(LeafCreation.option).joined(separator: ", ")))")
    }
    if let tablespace = template.tablespace { sql.append(" TABLESPACE \(id: tablespace)") }
    return sql
  }

  /// The constraint that a partition has only until it is attached.
  static let boundCheck = Reattachment.boundCheck

  private static func option(_ text: String) -> String {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    return "\(parts[0]) = \(Quoting.literal(parts.count > 1 ? String(parts[1]) : "true"))"
  }

  private func properties(of leaf: QualifiedName) -> [SQL] {
    var statements: [SQL] = []
    if !template.columnSettings.isEmpty {
      statements.append("ALTER TABLE \(id: leaf) \(sql: template.columnSettings.joined(separator: ", "))")
    }
    for (place, index) in template.ownIndexes.enumerated() {
      statements += own(index, on: leaf, number: place + 1)
    }
    switch template.replicaIdentity {
    case "f": statements.append("ALTER TABLE \(id: leaf) REPLICA IDENTITY FULL")
    case "n": statements.append("ALTER TABLE \(id: leaf) REPLICA IDENTITY NOTHING")
    default: break
    }
    return statements
  }

  private func own(_ index: LeafTemplate.OwnIndex, on leaf: QualifiedName, number: Int) -> [SQL] {
    let name = ownName(index, on: leaf, number: number)
    var statements: [SQL] = [
      index.isConstraint
        ? "ALTER TABLE \(id: leaf) ADD CONSTRAINT \(id: name) \(sql: index.body)"
        : "CREATE \(sql: index.isUnique ? "UNIQUE " : "")INDEX \(id: name) ON \(id: leaf) \(sql: index.body)"
    ]
    if index.isReplicaIdentity { statements.append("ALTER TABLE \(id: leaf) REPLICA IDENTITY USING INDEX \(id: name)") }
    return statements
  }

  /// As the model's is named, the partition's name in place of the model's.
  private func ownName(_ index: LeafTemplate.OwnIndex, on leaf: QualifiedName, number: Int) -> String {
    guard let place = index.name.firstRange(of: template.model.name) else {
      return Quoting.fitted(leaf.name, suffix: "_own\(number)")
    }
    return Quoting.fitted(
      index.name[..<place.lowerBound] + leaf.name, suffix: String(index.name[place.upperBound...]))
  }
}

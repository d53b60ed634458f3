public import SQLText

/// Statements that give a table what an inventory has, part by part: the caller decides what happens when. None has
/// bound values; every name in them is qualified.
public struct TableDDL: Sendable, Hashable {
  public let inventory: TableInventory
  /// Of the table itself and of what it names.
  public let renaming: Renaming
  /// The table that is given the properties.
  public let target: QualifiedName
  /// What a partitioned table cannot have is left out.
  public let isPartitioned: Bool

  /// For the table the inventory's own is called after renaming.
  public init(_ inventory: TableInventory, renaming: Renaming = .none, isPartitioned: Bool? = nil) {
    self.init(
      inventory, renaming: renaming, target: renaming.table(inventory.name),
      isPartitioned: isPartitioned ?? (inventory.relation.kind == .partitionedTable))
  }

  private init(_ inventory: TableInventory, renaming: Renaming, target: QualifiedName, isPartitioned: Bool) {
    self.inventory = inventory
    self.renaming = renaming
    self.target = target
    self.isPartitioned = isPartitioned
  }

  /// The same properties for a partition; references of the table to itself go on naming the parent.
  public func on(_ leaf: QualifiedName) -> TableDDL {
    TableDDL(inventory, renaming: renaming, target: leaf, isPartitioned: false)
  }

  /// Texts that name the table as the one they belong to.
  func ownText(_ text: String) -> SQL {
    var local = renaming
    local.tables[inventory.name] = target
    return local.sql(text)
  }

  func alter(_ action: SQL) -> SQL { "ALTER TABLE \(id: target) \(sql: action)" }
}

extension TableDDL {
  /// Columns with types, collations, NOT NULL, defaults and what is generated. No constraint, no identity.
  public func createTable(partitionBy key: SQL? = nil) -> [SQL] {
    let columns = inventory.columns.map(column).joined(separator: ",\n  ")
    let partitioned = isPartitioned || key != nil
    let unlogged: SQL = inventory.relation.persistence == "u" && !partitioned ? "UNLOGGED " : ""
    var statement: SQL = "CREATE \(sql: unlogged)TABLE \(id: target) (\n  \(sql: columns)\n)"
    if let key { statement.append(" PARTITION BY \(sql: key)") }
    if let method = inventory.relation.accessMethod, !partitioned { statement.append(" USING \(id: method)") }
    if let tablespace = inventory.relation.tablespace { statement.append(" TABLESPACE \(id: tablespace)") }
    return [statement]
  }

  private func column(_ column: TableInventory.Column) -> SQL {
    var text: SQL = "\(id: column.name) \(sql: column.type)"
    if let compression = column.compression { text.append(" COMPRESSION \(sql: compression)") }
    if let collation = column.collation { text.append(" COLLATE \(id: collation)") }
    if let expression = column.generationExpression {
      let kind: SQL = column.generated == .virtual ? "VIRTUAL" : "STORED"
      text.append(" GENERATED ALWAYS AS (\(sql: ownText(expression))) \(sql: kind)")
    } else if let expression = column.defaultExpression {
      text.append(" DEFAULT \(sql: ownText(expression))")
    }
    if column.isNotNull { text.append(notNull(column)) }
    return text
  }

  /// From PostgreSQL 18 on under its name; one that is not validated is added with the checks.
  private func notNull(_ column: TableInventory.Column) -> SQL {
    guard let named = inventory.constraints.first(where: { $0.kind == .notNull && $0.columns == [column.name] })
    else { return " NOT NULL" }
    guard named.isValidated else { return "" }
    let inherit: SQL = named.isNoInherit && !isPartitioned ? " NO INHERIT" : ""
    return " CONSTRAINT \(id: renaming.name(named.name)) NOT NULL\(sql: inherit)"
  }

  /// STORAGE of columns where it is not their type's own.
  public func storage() -> [SQL] {
    inventory.columns.compactMap { column in
      column.storage.flatMap { StorageOptions.strategies[$0] }.map { strategy in
        alter("ALTER COLUMN \(id: column.name) SET STORAGE \(sql: strategy)")
      }
    }
  }

  /// Targets and options of columns; before the first ANALYZE.
  public func statisticsTargets() -> [SQL] {
    inventory.columns.flatMap { column -> [SQL] in
      var statements: [SQL] = []
      if column.statisticsTarget >= 0 {
        let target = String(column.statisticsTarget)
        statements.append(alter("ALTER COLUMN \(id: column.name) SET STATISTICS \(sql: target)"))
      }
      if !column.options.isEmpty {
        statements.append(alter("ALTER COLUMN \(id: column.name) SET (\(sql: StorageOptions.list(column.options)))"))
      }
      return statements
    }
  }

  /// Storage parameters; a partitioned table has none, its leaves have.
  public func options() -> [SQL] {
    guard !isPartitioned, !inventory.relation.options.isEmpty else { return [] }
    return [alter("SET (\(sql: StorageOptions.list(inventory.relation.options)))")]
  }

  /// Of the table and its columns; those of other parts come with these.
  public func comments() -> [SQL] {
    let own = inventory.relation.comment.map { [Remark.comment("TABLE \(id: target)", $0)] } ?? []
    return own
      + inventory.columns.compactMap { column in
        column.comment.map { Remark.comment("COLUMN \(id: target).\(id: column.name)", $0) }
      }
  }

  /// Of the table and its columns.
  public func securityLabels() -> [SQL] {
    Remark.labels("TABLE \(id: target)", inventory.relation.securityLabels)
      + inventory.columns.flatMap { Remark.labels("COLUMN \(id: target).\(id: $0.name)", $0.securityLabels) }
  }
}

/// `name=value`, as the catalog has options of relations and columns.
enum StorageOptions {
  /// `pg_attribute.attstorage`
  static let strategies: [String: SQL] = ["p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"]

  static func list(_ options: [String]) -> SQL {
    options.map { option -> SQL in
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].split(separator: ".", maxSplits: 1).map { Quoting.identifier(String($0)) }
      return "\(sql: name.joined(separator: ".")) = \(literal: parts.count > 1 ? String(parts[1]) : "")"
    }.joined(separator: ", ")
  }
}

/// Comments and security labels on whatever object.
enum Remark {
  static func comment(_ object: SQL, _ text: String) -> SQL { "COMMENT ON \(sql: object) IS \(literal: text)" }

  static func labels(_ object: SQL, _ labels: [SecurityLabel]) -> [SQL] {
    labels.map { "SECURITY LABEL FOR \(id: $0.provider) ON \(sql: object) IS \(literal: $0.label)" }
  }
}

public import SQLText

extension TableDDL {
  /// CHECK constraints, and NOT NULL constraints that are not validated.
  public func checks() -> [SQL] {
    constraints { $0.kind == .check || $0.kind == .notNull && !$0.isValidated } + namedNotNullComments()
  }

  /// Those of `checks` that every row has passed: what the others forbid may be among the rows.
  public func checkedConstraints() -> [SQL] {
    constraints { $0.kind == .check && $0.isValidated } + namedNotNullComments(where: \.isValidated)
  }

  /// The rest of `checks`, for a table that has its rows.
  public func uncheckedConstraints() -> [SQL] {
    constraints { ($0.kind == .check || $0.kind == .notNull) && !$0.isValidated }
      + namedNotNullComments { !$0.isValidated }
  }

  /// Primary key, unique and exclusion constraints with their indexes, as they are: without the partition key.
  public func keys() -> [SQL] {
    let kinds: Set<TableInventory.Constraint.Kind> = [.primaryKey, .unique, .exclusion]
    let keys = inventory.constraints.filter { kinds.contains($0.kind) && !$0.isInherited }
    return keys.flatMap { key -> [SQL] in
      let index = key.index.flatMap { inventory.index($0) }
      return [add(key, definition: withStorage(key, index), notValid: false)] + remarks(key)
        + (index.map { onIndex($0, ofExclusion: key.kind == .exclusion) } ?? [])
    }
  }

  /// Indexes behind no constraint.
  public func indexes() -> [SQL] {
    inventory.indexes.filter { $0.constraint == nil }.flatMap { [create($0)] + onIndex($0, ofExclusion: false) }
  }

  /// Foreign keys of the table; `notValid`: none is checked now.
  public func foreignKeys(notValid: Bool = false) -> [SQL] {
    inventory.constraints.filter { $0.kind == .foreignKey && !$0.isInherited }.flatMap { key in
      [add(key, definition: renaming.sql(key.definition), notValid: notValid || !key.isValidated)] + remarks(key)
    }
  }

  /// The index CLUSTER goes by.
  public func clusterMarks() -> [SQL] {
    guard !isPartitioned, let index = inventory.indexes.first(where: \.isClustered) else { return [] }
    return [alter("CLUSTER ON \(id: renaming.name(index.name.name))")]
  }

  public func replicaIdentity() -> [SQL] {
    switch inventory.relation.replicaIdentity {
    case .primaryKey: return []
    case .nothing: return [alter("REPLICA IDENTITY NOTHING")]
    case .full: return [alter("REPLICA IDENTITY FULL")]
    case .index:
      guard let index = inventory.relation.replicaIdentityIndex else { return [alter("REPLICA IDENTITY NOTHING")] }
      return [alter("REPLICA IDENTITY USING INDEX \(id: renaming.name(index))")]
    }
  }

  // MARK: Pieces

  private func constraints(_ wanted: (TableInventory.Constraint) -> Bool) -> [SQL] {
    inventory.constraints.filter { wanted($0) && !$0.isInherited }.flatMap { constraint in
      var text = constraint.definition
      let suffix = " NO INHERIT"
      // Every partition checks what the parent does.
      if isPartitioned, constraint.isNoInherit, text.hasSuffix(suffix) { text.removeLast(suffix.count) }
      return [add(constraint, definition: ownText(text), notValid: !constraint.isValidated)]
        + (constraint.kind == .check ? remarks(constraint) : [])
    }
  }

  private func namedNotNullComments(where wanted: (TableInventory.Constraint) -> Bool = { _ in true }) -> [SQL] {
    inventory.constraints.filter { $0.kind == .notNull && !$0.isInherited && wanted($0) }.flatMap(remarks)
  }

  private func add(_ constraint: TableInventory.Constraint, definition: SQL, notValid: Bool) -> SQL {
    let suffix: SQL = notValid && constraint.isEnforced ? " NOT VALID" : ""
    return alter("ADD CONSTRAINT \(id: renaming.name(constraint.name)) \(sql: definition)\(sql: suffix)")
  }

  private func remarks(_ constraint: TableInventory.Constraint) -> [SQL] {
    constraint.comment.map {
      [Remark.comment("CONSTRAINT \(id: renaming.name(constraint.name)) ON \(id: target)", $0)]
    } ?? []
  }

  /// The server's text of a key says neither storage parameters nor tablespace; they stand before DEFERRABLE.
  private func withStorage(_ key: TableInventory.Constraint, _ index: TableInventory.Index?) -> SQL {
    guard key.kind != .exclusion, let index, !index.options.isEmpty || index.tablespace != nil else {
      return ownText(key.definition)
    }
    var text = key.definition
    var end: SQL = key.isDeferred ? " DEFERRABLE INITIALLY DEFERRED" : key.isDeferrable ? " DEFERRABLE" : ""
    if text.hasSuffix(end.text) { text.removeLast(end.text.count) } else { end = "" }
    var definition = ownText(text)
    if !index.options.isEmpty { definition.append(" WITH (\(sql: StorageOptions.list(index.options)))") }
    if let tablespace = index.tablespace { definition.append(" USING INDEX TABLESPACE \(id: tablespace)") }
    return definition + end
  }

  private func create(_ index: TableInventory.Index) -> SQL {
    IndexStatements.create(index, named: renaming.name(index.name.name), on: target, ownText)
  }

  private func onIndex(_ index: TableInventory.Index, ofExclusion: Bool) -> [SQL] {
    IndexStatements.properties(index, named: QualifiedName(target.schema, renaming.name(index.name.name)), ofExclusion)
  }
}

enum IndexStatements {
  /// The server's text does not say the tablespace, which stands before WHERE.
  static func create(
    _ index: TableInventory.Index, named name: String, on table: QualifiedName, _ text: (String) -> SQL
  ) -> SQL {
    var body = index.body
    if let tablespace = index.tablespace {
      let end = index.predicate.map { " WHERE " + $0 } ?? ""
      if body.hasSuffix(end) { body.removeLast(end.count) }
      body += " TABLESPACE " + Quoting.identifier(tablespace) + end
    }
    let unique: SQL = index.isUnique ? "UNIQUE " : ""
    return "CREATE \(sql: unique)INDEX \(id: name) ON \(id: table) USING \(sql: text(body))"
  }

  /// What an index has beside its definition.
  static func properties(_ index: TableInventory.Index, named name: QualifiedName, _ ofExclusion: Bool) -> [SQL] {
    var statements: [SQL] = []
    if ofExclusion, !index.options.isEmpty {
      statements.append("ALTER INDEX \(id: name) SET (\(sql: StorageOptions.list(index.options)))")
    }
    if ofExclusion, let tablespace = index.tablespace {
      statements.append("ALTER INDEX \(id: name) SET TABLESPACE \(id: tablespace)")
    }
    for (place, key) in index.keys.enumerated() where key.statisticsTarget >= 0 {
      let (number, target) = (String(place + 1), String(key.statisticsTarget))
      statements.append("ALTER INDEX \(id: name) ALTER COLUMN \(sql: number) SET STATISTICS \(sql: target)")
    }
    if let comment = index.comment { statements.append(Remark.comment("INDEX \(id: name)", comment)) }
    return statements
  }
}

public import SQLText

extension CatalogSource {
  /// `nil`: no relation has that name. Triggers whose name starts with `prefix` are left out: our own.
  public func inventory(
    of name: QualifiedName, ignoringTriggers prefix: String? = nil
  ) async throws -> TableInventory? {
    await consulted(name)
    let found = try await repeatedRows(
      """
      SELECT c.oid::int8 AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = \(name.schema) AND c.relname = \(name.name) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      """)
    guard let oid = try found.first?.int64("oid") else { return nil }
    return try await withSettings([("search_path", InventoryQuery.searchPath)]) {
      try await InventoryReader(self, oid: oid, ignoring: prefix)?.inventory()
    }
  }
}

/// Reads the parts of one inventory and puts them together.
private struct InventoryReader<Source: CatalogSource> {
  private let source: Source
  private let oid: Int64
  private let found: [FoundDependent]
  private let relation: InventoryPart<TableInventory.Relation>
  private let columns: InventoryPart<TableInventory.Column>
  private let indexes: [IndexFacts]
  private let triggers: InventoryPart<TableInventory.Trigger>
  private let rules: InventoryPart<TableInventory.Rule>
  private let policies: InventoryPart<TableInventory.Policy>
  private let statistics: InventoryPart<TableInventory.Statistics>
  private let functions: InventoryPart<TableInventory.Function>
  private let queries: InventoryPart<String>

  init?(_ source: Source, oid: Int64, ignoring prefix: String?) async throws {
    self.source = source
    self.oid = oid
    let found = try await source.repeatedRows(DependentQuery.dependents(of: oid)).map(FoundDependent.init)
    self.found = found
    func oids(_ catalog: String) -> [Int64] { found.filter { $0.catalog == catalog }.map(\.oid) }
    let relations = [oid] + oids("pg_class")
    relation = try InventoryPart(try await source.repeatedRows(InventoryQuery.relations(relations)))
    guard !relation[oid].isEmpty else { return nil }
    columns = try InventoryPart(try await source.repeatedRows(InventoryQuery.columns(relations)))
    indexes = try await source.indexes(of: relations)
    triggers = try InventoryPart(try await source.repeatedRows(InventoryQuery.triggers(relations, ignoring: prefix)))
    rules = try InventoryPart(try await source.repeatedRows(InventoryQuery.rules(of: relations, and: oids("pg_rewrite"))))
    policies = try InventoryPart(try await source.repeatedRows(InventoryQuery.policies(of: oid, and: oids("pg_policy"))))
    statistics = try InventoryPart(try await source.repeatedRows(InventoryQuery.statistics(relations)))
    functions = try InventoryPart(try await source.repeatedRows(InventoryQuery.functions(oids("pg_proc"))))
    queries = try InventoryPart(try await source.repeatedRows(InventoryQuery.views(relations)))
  }

  func inventory() async throws -> TableInventory? {
    guard let own = relation[oid].first else { return nil }
    let capabilities = source.capabilities
    let privileges: [DefaultPrivileges] = try await read(InventoryQuery.defaultPrivileges(schemaOf: oid))
    return TableInventory(
      relation: own, columns: columns[oid],
      sequences: try await read(InventoryQuery.sequences(oid)),
      constraints: try await read(InventoryQuery.constraints(oid, capabilities)),
      incomingForeignKeys: try await read(InventoryQuery.incomingForeignKeys(oid, capabilities)),
      indexes: indexes(of: oid), triggers: triggers[oid], rules: rules[oid], policies: policies[oid],
      publications: try await read(InventoryQuery.publications(oid)), statistics: statistics[oid],
      dependents: found.map(dependent),
      defaultPrivileges: privileges.first ?? DefaultPrivileges(tables: [], sequences: [], functions: []))
  }

  private func read<Value: Decodable & Sendable>(_ query: SQL) async throws -> [Value] {
    try InventoryPart<Value>(try await source.repeatedRows(query)).all
  }

  private func indexes(of oid: Int64) -> [TableInventory.Index] {
    indexes.filter { $0.tableOid == oid }.map(TableInventory.Index.init)
  }

  private func dependent(_ found: FoundDependent) -> TableInventory.Dependent {
    TableInventory.Dependent(
      oid: found.oid, object: object(found), refersTo: found.refersTo, usesRowType: found.usesRowType,
      constraints: found.constraints, description: found.description)
  }

  private func object(_ found: FoundDependent) -> TableInventory.Object {
    let object: TableInventory.Object? =
      switch found.catalog {
      case "pg_class": view(found.oid).map { .view($0) }
      case "pg_proc": functions[found.oid].first.map { .function($0) }
      case "pg_rewrite": rules.all.first { $0.oid == found.oid }.map { .rule($0) }
      case "pg_policy": policies.all.first { $0.oid == found.oid }.map { .policy($0) }
      default: nil
      }
    return object ?? .other
  }

  private func view(_ oid: Int64) -> TableInventory.View? {
    guard let relation = relation[oid].first, let query = queries[oid].first else { return nil }
    return TableInventory.View(
      relation: relation, columns: columns[oid], definition: query, indexes: indexes(of: oid),
      triggers: triggers[oid], rules: rules[oid], statistics: statistics[oid])
  }
}

extension CatalogSource {
  fileprivate func indexes(of relations: [Int64]) async throws -> [IndexFacts] {
    try await repeatedRows(IndexQuery.facts(where: "i.indrelid = \(sql: InventoryQuery.list(relations))"))
      .map(IndexFacts.init(row:))
  }
}

extension TableInventory.Index {
  fileprivate init(_ facts: IndexFacts) {
    self.init(
      oid: facts.oid, name: facts.name, body: facts.body, method: facts.method, keys: facts.keys,
      include: facts.include, predicate: facts.predicate, columns: facts.columns, options: facts.options,
      tablespace: facts.tablespace, isUnique: facts.isUnique, nullsNotDistinct: facts.nullsNotDistinct,
      isPrimary: facts.isPrimary, isExclusion: facts.isExclusion, isValid: facts.isValid,
      isClustered: facts.isClustered, isReplicaIdentity: facts.isReplicaIdentity, constraint: facts.constraint,
      parent: facts.parent, comment: facts.comment)
  }
}

import JSONText

/// What a statement changes, as far as its text says.
public struct StatementEffects: Sendable, Hashable {
  public struct Renaming: Sendable, Hashable {
    public let from: QualifiedName
    public let to: QualifiedName

    public init(from: QualifiedName, to: QualifiedName) {
      self.from = from
      self.to = to
    }
  }

  public var created: [QualifiedName] = []
  public var altered: [QualifiedName] = []
  public var dropped: [QualifiedName] = []
  public var renamed: [Renaming] = []
  /// Rows inserted, updated, deleted or truncated.
  public var written: [QualifiedName] = []
  /// It runs code that the text does not show (`DO`, `CALL`, functions that are not PostgreSQL's own, what `CASCADE`
  /// takes along): anything may have changed, so what is compiled after it is only predicted.
  public var opaque = false

  public init(
    created: [QualifiedName] = [], altered: [QualifiedName] = [], dropped: [QualifiedName] = [],
    renamed: [Renaming] = [], written: [QualifiedName] = [], opaque: Bool = false
  ) {
    (self.created, self.altered, self.dropped) = (created, altered, dropped)
    (self.renamed, self.written, self.opaque) = (renamed, written, opaque)
  }

  /// Every relation it creates, alters, drops, renames or writes.
  public var touched: Set<QualifiedName> {
    Set(created + altered + dropped + written + renamed.flatMap { [$0.from, $0.to] })
  }
}

extension ParsedStatement {
  public var effects: StatementEffects {
    switch node {
    case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
      queryEffects(QueryWalk(kind: node, body: tree))
    case "ExplainStmt": tree.isOn("options", "analyze") ? inner?.effects ?? .init() : .init()
    case "DeclareCursorStmt": inner?.effects ?? .init()
    case "DoStmt", "CallStmt", "ExecuteStmt", "LoadStmt": StatementEffects(opaque: true)
    case "CreateTableAsStmt": tableAsEffects
    case "RenameStmt", "AlterObjectSchemaStmt": renamingEffects
    case "AlterTableStmt": alterationEffects
    case "CopyStmt": copyEffects
    default: schemaEffects
    }
  }

  private var schemaEffects: StatementEffects {
    switch node {
    case "CreateStmt": StatementEffects(created: name("relation"), altered: parents(tree))
    case "CreateForeignTableStmt": StatementEffects(created: tree["base"]?["relation"]?.relation.map { [$0] } ?? [])
    case "IndexStmt": StatementEffects(created: createdIndex, altered: name("relation"))
    case "ViewStmt": StatementEffects(created: name("view"), altered: tree.flag("replace") ? name("view") : [])
    case "CreateSeqStmt": StatementEffects(created: name("sequence"))
    case "AlterSeqStmt": StatementEffects(altered: name("sequence"))
    case "DropStmt":
      StatementEffects(
        altered: ownersOfDropped, dropped: droppedRelations,
        opaque: tree.word("behavior") == "DROP_CASCADE")
    case "TruncateStmt": StatementEffects(written: truncated, opaque: tree.word("behavior") == "DROP_CASCADE")
    case "RefreshMatViewStmt": StatementEffects(written: name("relation"))
    case "CreateTrigStmt", "RuleStmt", "ClusterStmt": StatementEffects(altered: name("relation"))
    case "CreatePolicyStmt", "AlterPolicyStmt": StatementEffects(altered: name("table"))
    case "DropOwnedStmt", "ReassignOwnedStmt", "CreateExtensionStmt", "AlterExtensionStmt", "CreateSchemaStmt",
      "AlterTableMoveAllStmt", "ImportForeignSchemaStmt":
      StatementEffects(opaque: node != "CreateSchemaStmt" || !tree.list("schemaElts").isEmpty)
    default: StatementEffects(altered: locks.filter { $0.mode >= .shareUpdateExclusive && alters }.map(\.relation))
    }
  }

  private var alters: Bool { !["LockStmt", "VacuumStmt", "ReindexStmt", "PrepareStmt"].contains(node) }

  private func name(_ key: String) -> [QualifiedName] { tree[key]?.relation.map { [$0] } ?? [] }

  private func parents(_ table: JSON) -> [QualifiedName] {
    table.list("inhRelations").compactMap { $0["RangeVar"]?.relation }
  }

  private var truncated: [QualifiedName] { tree.list("relations").compactMap { $0["RangeVar"]?.relation } }

  /// An index lives in its table's schema.
  private var createdIndex: [QualifiedName] {
    guard let table = tree["relation"]?.relation, let index = tree.word("idxname") else { return [] }
    return [QualifiedName(table.schema, index)]
  }

  /// Relations that a DROP names; triggers, functions, types and so on are none.
  package var droppedRelations: [QualifiedName] {
    let kinds = [
      "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_INDEX", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE",
    ]
    guard node == "DropStmt", kinds.contains(tree.word("removeType") ?? "") else { return [] }
    return tree.list("objects").compactMap { QualifiedName(parts: $0.names) }
  }

  private func queryEffects(_ walk: QueryWalk) -> StatementEffects {
    StatementEffects(
      created: walk.creates, written: walk.uses.filter(\.writes).map(\.relation),
      opaque: walk.calls.contains { !$0.isBuiltin })
  }

  private var tableAsEffects: StatementEffects {
    var effects = tree["query"].map { queryEffects(QueryWalk($0)) } ?? .init()
    if let name = tree["into"]?["rel"]?.relation { effects.created.append(name) }
    return effects
  }

  private var copyEffects: StatementEffects {
    var effects = tree["query"].map { queryEffects(QueryWalk($0)) } ?? .init()
    if tree.flag("is_from") { effects.written += name("relation") }
    return effects
  }

  private var renamingEffects: StatementEffects {
    guard let relation = tree["relation"]?.relation else { return .init() }
    let relations = [
      "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_INDEX", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE",
    ]
    if node == "AlterObjectSchemaStmt", let schema = tree.word("newschema") {
      return StatementEffects(renamed: [.init(from: relation, to: QualifiedName(schema, relation.name))])
    }
    guard relations.contains(tree.word("renameType") ?? ""), let new = tree.word("newname") else {
      return StatementEffects(altered: [relation])
    }
    return StatementEffects(renamed: [.init(from: relation, to: QualifiedName(relation.schema, new))])
  }

  private var alterationEffects: StatementEffects {
    StatementEffects(
      altered: name("relation") + commands.compactMap(\.partition),
      opaque: commands.contains(where: \.cascades))
  }
}

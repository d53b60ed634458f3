import JSONText

extension ParsedStatement {
  /// Table-level locks it takes on relations that were there before it (documentation section 13.3 and each command's
  /// page), the strongest per relation. Not seen without a catalog: the base tables behind a view, the table of a
  /// dropped or renamed index, children and partitions.
  public var locks: [RelationLock] {
    var strongest: [RelationLock] = []
    for lock in everyLock {
      if let place = strongest.firstIndex(where: { $0.relation == lock.relation }) {
        strongest[place].mode = max(strongest[place].mode, lock.mode)
      } else {
        strongest.append(lock)
      }
    }
    return strongest
  }

  private var everyLock: [RelationLock] {
    switch node {
    case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt":
      QueryWalk(kind: node, body: tree).locks
    case "ExplainStmt", "PrepareStmt", "DeclareCursorStmt": inner?.locks ?? []
    case "CreateTableAsStmt": tree["query"].map { QueryWalk($0).locks } ?? []
    case "ViewStmt":
      (tree["query"].map { QueryWalk($0).locks } ?? []) + (tree.flag("replace") ? on("view", .accessExclusive) : [])
    case "CopyStmt":
      tree["query"].map { QueryWalk($0).locks } ?? on("relation", tree.flag("is_from") ? .rowExclusive : .accessShare)
    case "AlterTableStmt": alterationLocks
    case "CreateStmt", "CreateForeignTableStmt": creationLocks
    case "DropStmt": dropLocks
    default: commandLocks
    }
  }

  private var commandLocks: [RelationLock] {
    switch node {
    case "IndexStmt": on("relation", tree.flag("concurrent") ? .shareUpdateExclusive : .share)
    case "LockStmt": each("relations", explicitMode)
    case "TruncateStmt": each("relations", .accessExclusive)
    case "ClusterStmt", "RuleStmt": on("relation", .accessExclusive)
    case "CreatePolicyStmt", "AlterPolicyStmt": on("table", .accessExclusive)
    case "VacuumStmt": vacuumLocks
    case "ReindexStmt": reindexLocks
    case "RefreshMatViewStmt": on("relation", tree.flag("concurrent") ? .exclusive : .accessExclusive)
    case "CreateTrigStmt": on("relation", .shareRowExclusive) + on("constrrel", .accessShare)
    case "CreateStatsStmt": each("relations", .shareUpdateExclusive)
    case "RenameStmt":
      on("relation", tree.word("renameType") == "OBJECT_INDEX" ? .shareUpdateExclusive : .accessExclusive)
    case "AlterObjectSchemaStmt": on("relation", .accessExclusive)
    case "AlterSeqStmt": on("sequence", .shareRowExclusive)
    case "CreatePublicationStmt", "AlterPublicationStmt": publicationLocks
    case "CommentStmt", "SecLabelStmt": commentLocks
    default: []
    }
  }

  private func on(_ key: String, _ mode: LockMode) -> [RelationLock] {
    tree[key]?.relation.map { [RelationLock(mode, $0)] } ?? []
  }

  private func each(_ key: String, _ mode: LockMode) -> [RelationLock] {
    tree.list(key).compactMap { $0["RangeVar"]?.relation }.map { RelationLock(mode, $0) }
  }

  private var explicitMode: LockMode {
    let number = Int(tree["mode"]?.int ?? 8) - 1
    return LockMode.allCases.indices.contains(number) ? LockMode.allCases[number] : .accessExclusive
  }

  private var vacuumLocks: [RelationLock] {
    let mode: LockMode = tree.isOn("options", "full") ? .accessExclusive : .shareUpdateExclusive
    return tree.list("rels").compactMap { $0["VacuumRelation"]?["relation"]?.relation }.map { RelationLock(mode, $0) }
  }

  private var reindexLocks: [RelationLock] {
    if tree.isOn("params", "concurrently") { return on("relation", .shareUpdateExclusive) }
    return on("relation", tree.word("kind") == "REINDEX_OBJECT_INDEX" ? .accessExclusive : .share)
  }

  private var alterationLocks: [RelationLock] {
    guard let mode = commands.map(\.mode).max() else { return [] }
    return on("relation", mode) + commands.flatMap(\.otherLocks)
  }

  private var creationLocks: [RelationLock] {
    let table = tree["base"] ?? tree
    let parents: LockMode = table["partbound"] == nil ? .shareUpdateExclusive : .accessExclusive
    let elements = table.list("tableElts").compactMap(\.syntaxNode)
    let referenced = elements.flatMap { kind, body in
      kind == "Constraint" ? [body] : body.list("constraints").compactMap { $0["Constraint"] }
    }.compactMap { $0["pktable"]?.relation }
    let liked = elements.compactMap { $0.kind == "TableLikeClause" ? $0.body["relation"]?.relation : nil }
    return table.list("inhRelations").compactMap { $0["RangeVar"]?.relation }.map { RelationLock(parents, $0) }
      + referenced.filter { $0 != table["relation"]?.relation }.map { RelationLock(.shareRowExclusive, $0) }
      + liked.map { RelationLock(.accessShare, $0) }
  }

  private var dropLocks: [RelationLock] {
    let mode: LockMode = tree.flag("concurrent") ? .shareUpdateExclusive : .accessExclusive
    return droppedRelations.map { RelationLock(mode, $0) }
      + ownersOfDropped.map { RelationLock(.accessExclusive, $0) }
  }

  /// Tables of dropped triggers, rules and policies.
  var ownersOfDropped: [QualifiedName] {
    guard ["OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"].contains(tree.word("removeType")) else { return [] }
    return tree.list("objects").compactMap { QualifiedName(parts: $0.names.dropLast()) }
  }

  private var publicationLocks: [RelationLock] {
    tree.list("pubobjects").compactMap { $0["PublicationObjSpec"]?["pubtable"]?["relation"]?.relation }
      .map { RelationLock(.shareUpdateExclusive, $0) }
  }

  private var commentLocks: [RelationLock] {
    let names = tree["object"]?.names ?? []
    let relation: QualifiedName? =
      switch tree.word("objtype") {
      case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_INDEX", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE":
        QualifiedName(parts: names)
      case "OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY":
        QualifiedName(parts: names.dropLast())
      default: nil
      }
    return relation.map { [RelationLock(.shareUpdateExclusive, $0)] } ?? []
  }
}

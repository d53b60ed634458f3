package import JSONText

/// What a statement demands of the session and the transaction around it.
extension ParsedStatement {
  /// PostgreSQL refuses the statement inside a transaction block.
  public var refusesTransaction: Bool {
    switch node {
    case "IndexStmt", "DropStmt": tree.flag("concurrent")
    case "ReindexStmt":
      tree.isOn("params", "concurrently")
        || ["REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"].contains(tree.word("kind"))
    case "VacuumStmt": tree.flag("is_vacuumcmd")
    case "ClusterStmt": tree["relation"] == nil
    case "CreatedbStmt", "DropdbStmt", "CreateTableSpaceStmt", "DropTableSpaceStmt", "AlterSystemStmt",
      "DropSubscriptionStmt":
      true
    case "AlterDatabaseStmt": tree.option("options", "tablespace") != nil
    case "DiscardStmt": tree.word("target") == "DISCARD_ALL"
    case "AlterTableStmt": commands.contains { $0.subtype == "AT_DetachPartition" && $0.definition.flag("concurrent") }
    case "CreateSubscriptionStmt": isOnUnlessSaidOtherwise(["connect", "create_slot"])
    case "AlterSubscriptionStmt": refreshesSubscription
    case "TransactionStmt": ["TRANS_STMT_COMMIT_PREPARED", "TRANS_STMT_ROLLBACK_PREPARED"].contains(tree.word("kind"))
    default: false
    }
  }

  private var refreshesSubscription: Bool {
    switch tree.word("kind") {
    case "ALTER_SUBSCRIPTION_REFRESH": true
    case "ALTER_SUBSCRIPTION_SET_PUBLICATION", "ALTER_SUBSCRIPTION_ADD_PUBLICATION",
      "ALTER_SUBSCRIPTION_DROP_PUBLICATION":
      isOnUnlessSaidOtherwise(["refresh"])
    default: false
    }
  }

  private func isOnUnlessSaidOtherwise(_ names: [String]) -> Bool {
    names.allSatisfy { tree.option("options", $0) == nil || tree.isOn("options", $0) }
  }

  /// `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT`, `PREPARE TRANSACTION` and their relatives.
  public var isTransactionControl: Bool { node == "TransactionStmt" }

  /// `SET`, `RESET` and `SET LOCAL`.
  public var isSetting: Bool { node == "VariableSetStmt" }

  /// A setting that outlives the transaction: `SET` without `LOCAL`, `RESET`.
  public var isSessionSetting: Bool {
    isSetting && !tree.flag("is_local") && !(tree.word("kind") == "VAR_SET_MULTI" && tree.word("name") == "TRANSACTION")
  }

  /// The statement leaves state in the session, or needs it there: behind a transaction pooler it breaks.
  public var needsSession: Bool { sessionState != nil }

  /// What it leaves in the session, in words.
  public var sessionState: String? {
    switch node {
    case "ListenStmt", "UnlistenStmt": "LISTEN registrations"
    case "VariableSetStmt": isSessionSetting ? "a session setting" : nil
    case "PrepareStmt", "ExecuteStmt", "DeallocateStmt": "a prepared statement"
    case "DeclareCursorStmt": holds ? "a cursor WITH HOLD" : nil
    case "LoadStmt": "a loaded library"
    case "DiscardStmt": "the session's state, which it discards"
    case "CreateStmt": isLastingTemporary(tree) ? "a temporary table" : nil
    case "CreateTableAsStmt":
      tree["into"].map(isLastingTemporary) ?? false ? "a temporary table" : callsForSession
    case "ViewStmt": tree["view"]?.word("relpersistence") == "t" ? "a temporary view" : nil
    case "CreateSeqStmt": tree["sequence"]?.word("relpersistence") == "t" ? "a temporary sequence" : nil
    case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt": callsForSession
    default: nil
    }
  }

  /// CURSOR_OPT_HOLD of parsenodes.h.
  private var holds: Bool { (tree["options"]?.int ?? 0) & 0x20 != 0 }

  private func isLastingTemporary(_ creation: JSON) -> Bool {
    let name = creation["relation"] ?? creation["rel"]
    let temporary = name?.word("relpersistence") == "t" || name?.word("schemaname") == "pg_temp"
    return temporary && (creation.word("oncommit") ?? creation.word("onCommit")) != "ONCOMMIT_DROP"
  }

  private var callsForSession: String? {
    let locks: Set = [
      "pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared",
      "pg_advisory_unlock", "pg_advisory_unlock_shared", "pg_advisory_unlock_all",
    ]
    if functions.contains(where: { locks.contains($0.name) }) { return "a session-level advisory lock" }
    return functions.contains { $0.name == "set_config" } && setsSessionConfiguration ? "a session setting" : nil
  }

  /// `set_config(…, …, false)`.
  private var setsSessionConfiguration: Bool {
    var found = false
    tree.eachNode { kind, body in
      guard kind == "FuncCall", body.names("funcname").last == "set_config" else { return }
      let local = body["args"]?[2]?["A_Const"]?["boolval"]?.flag("boolval")
      if local != true { found = true }
    }
    return found
  }

  /// Accepted by a READ ONLY transaction, as far as the text alone can say: functions may still write
  /// (see `effects.opaque`).
  public var isReadOnly: Bool {
    switch node {
    case "SelectStmt":
      effects.written.isEmpty && effects.created.isEmpty && locks.allSatisfy { $0.mode == .accessShare }
        && !functions.contains { ["nextval", "setval"].contains($0.name) }
    case "VariableShowStmt", "TransactionStmt", "VariableSetStmt": true
    case "ExplainStmt":
      if let inner, tree.isOn("options", "analyze") { inner.isReadOnly } else { true }
    case "CopyStmt":
      !tree.flag("is_from") && !tree.flag("is_program") && tree["filename"] == nil && effects.written.isEmpty
    case "DeclareCursorStmt": inner?.isReadOnly ?? false
    default: false
    }
  }

  /// The statement that `EXPLAIN`, `PREPARE` and `DECLARE` hold.
  package var inner: ParsedStatement? {
    guard ["ExplainStmt", "PrepareStmt", "DeclareCursorStmt"].contains(node) else { return nil }
    return tree["query"]?.syntaxNode.map { ParsedStatement($0, inside: self) }
  }

  /// The functions it calls, in queries and expressions alike.
  public var functions: [FunctionCall] { QueryWalk(kind: node, body: tree).calls }
}

extension JSON {
  /// Calls `visit` with each typed node below, outer ones first.
  package func eachNode(_ visit: (_ kind: String, _ body: JSON) -> Void) {
    switch self {
    case .array(let items): for item in items { item.eachNode(visit) }
    case .object(let object):
      for part in object.members {
        if let first = part.key.utf8.first, first < 0x61 { visit(part.key, part.value) }
        part.value.eachNode(visit)
      }
    default: break
    }
  }
}

import PluginAPI

/// The tree that was built beside takes the names of the one in use: one short transaction.
///
/// Locks are taken from the top down, as a reader of a view takes them. Where readers go the other way it is we who
/// give way: our lock_timeout, and where we may set it our deadlock_timeout, are shorter than theirs.
struct TreeExchange {
  /// In use, as it was when this was compiled.
  let tree: ViewTree
  /// The other one, as it was built.
  let built: ViewTree
  /// The view as it is to be.
  let target: TableInventory.View
  /// Rows of the register, written with it.
  let register: [SQL]
  let fingerprint: TreeFingerprint
  let settings: [Setting]

  var name: QualifiedName { tree.name }

  func operation(undo: Undo) -> Operation {
    let opening = locking.map { TransactionStatement($0) } + [fingerprint.guardian(of: name)]
    let rest = renames + ViewTreeDDL(tree).rebindOthers() + dropping + parts + ViewTreeDDL(wanted).dress(over: built)
      + register
    return .transaction(
      id: "exchange", title: title, opening + rest.map { TransactionStatement($0) }, locks: locks, settings: settings,
      undo: undo)
  }

  private var title: String {
    "\(name) changes hands" + (tree.above.isEmpty ? "" : ", with \(tree.above.count) on top")
  }

  private var wanted: ViewTree { ViewTree(root: target, over: tree.inventory) }

  // MARK: Statements

  /// An owner who stays the same locks the relation alone; LOCK TABLE takes no materialized view.
  private var locking: [SQL] {
    tree.views.reversed().map { view in
      "ALTER \(sql: view.word) \(id: view.relation.name) OWNER TO \(id: view.relation.owner)"
    }
  }

  private var renames: [SQL] {
    let away = tree.views.reversed().map { view -> SQL in
      "ALTER \(sql: view.word) \(id: view.relation.name) RENAME TO \(id: SideName.parked(view.relation.name).name)"
    }
    return away
      + tree.views.map { view in
        "ALTER \(sql: view.word) \(id: SideName.fresh(view.relation.name)) RENAME TO \(id: view.relation.name.name)"
      }
  }

  private var dropping: [SQL] {
    tree.views.reversed().map { "DROP \(sql: $0.word) \(id: SideName.parked($0.relation.name))" }
  }

  /// Their names are free once the old tree is gone.
  private var parts: [SQL] {
    ([target] + tree.above).flatMap { view -> [SQL] in
      view.indexes.map { "ALTER INDEX \(id: SideName.fresh($0.name)) RENAME TO \(id: $0.name.name)" as SQL }
        + view.statistics.map { "ALTER STATISTICS \(id: SideName.fresh($0.name)) RENAME TO \(id: $0.name.name)" as SQL }
    }
  }

  private var locks: [RelationLock] {
    let views = tree.views.map(\.relation.name)
    let owners = tree.inventory.dependents.compactMap { dependent -> QualifiedName? in
      switch dependent.object {
      case .rule(let rule): rule.table
      case .policy(let policy): policy.table
      default: nil
      }
    }
    let all = views + views.map(SideName.fresh) + views.map(SideName.parked) + owners
    return Set(all).sorted().map { RelationLock(.accessExclusive, $0) }
  }
}

/// What a tree was compiled for, asked again under the locks.
struct TreeFingerprint: Sendable, Hashable {
  let oid: Int64
  let value: String

  init(_ tree: ViewTree, _ facts: any Facts) async throws {
    oid = tree.root.relation.oid
    value = try await facts.rows(InventoryQuery.fingerprint(of: oid)).first?[0] ?? ""
  }

  func guardian(of name: QualifiedName) -> TransactionStatement {
    TransactionStatement(
      "SELECT (\(sql: InventoryQuery.fingerprint(of: oid))) = \(literal: value)", expect: .isTrue,
      onMismatch: .retryPhase, message: "\(name), or what reads it, was changed while the exchange was prepared")
  }
}

enum DeadlockPatience {
  /// Where the role may: in a deadlock it is we who notice first and give way.
  static func settings(_ facts: any Facts) async throws -> [Setting] {
    let may = try await facts.rows("SELECT has_parameter_privilege(current_user, 'deadlock_timeout', 'SET')").first?[0]
    return may == "t" ? [Setting("deadlock_timeout", "50ms")] : []
  }
}

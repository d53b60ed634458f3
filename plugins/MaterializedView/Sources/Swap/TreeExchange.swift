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
    let rest = renames + ViewTreeDDL(tree).rebindOthers() + ViewTreeDDL(wanted).dress(over: built) + register
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

  /// Views, then what is on them: each old name is free before the new one takes it.
  private var renames: [SQL] {
    let views = tree.views
    let away = views.reversed().map { view -> SQL in
      "ALTER \(sql: view.word) \(id: view.relation.name) RENAME TO \(id: SideName.parked(view.relation.name).name)"
    }
    let back = views.map { view -> SQL in
      "ALTER \(sql: view.word) \(id: SideName.fresh(view.relation.name)) RENAME TO \(id: view.relation.name.name)"
    }
    let parked = parts(of: views) { ($0, SideName.parked($0).name) }
    let taken = parts(of: [target] + tree.above) { (SideName.fresh($0), $0.name) }
    return away + back + parked + taken
  }

  private func parts(
    of views: [TableInventory.View], _ change: (QualifiedName) -> (from: QualifiedName, to: String)
  ) -> [SQL] {
    func rename(_ word: SQL, _ name: QualifiedName) -> SQL {
      "ALTER \(sql: word) \(id: change(name).from) RENAME TO \(id: change(name).to)"
    }
    return views.flatMap { view in
      view.indexes.map { rename("INDEX", $0.name) } + view.statistics.map { rename("STATISTICS", $0.name) }
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

extension TreeExchange {
  /// The old tree goes when nobody can mean it any more. Whoever read a function or a plan before the exchange holds its
  /// oids, and may have waited for our lock: dropped at once, it would be gone for them.
  var retirement: [Operation] {
    let parked = SideName.parked(name)
    let views = tree.views.reversed()
    return [
      .wait(
        id: "readers", title: "wait for readers who began before the exchange", until: olderReaders(than: parked),
        deadline: .hours(1), every: .milliseconds(200)),
      .transaction(
        id: "retire", title: "drop what \(name) was before",
        views.map { TransactionStatement("DROP \(sql: $0.word) IF EXISTS \(id: SideName.parked($0.relation.name))") },
        locks: views.map { RelationLock(.accessExclusive, SideName.parked($0.relation.name)) }, undo: .nothing),
    ]
  }

  /// A snapshot is older when it does not see the transaction that gave the old one its last name.
  private func olderReaders(than parked: QualifiedName) -> SQL {
    """
    SELECT count(a.pid) = 0, 'sessions that began before: ' || coalesce(string_agg(a.pid::text, ', '), 'none')
    FROM pg_class c LEFT JOIN pg_stat_activity a ON a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND a.backend_type = 'client backend' AND age(a.backend_xmin) >= age(c.xmin)
    WHERE c.oid = to_regclass(\(literal: parked.quoted))
    """
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

import PluginAPI

/// A view as it is to be and everything on top of it, made and filled beside the ones that are in use. Nobody is kept
/// waiting: it takes no lock on what has a reader that a reader minds.
struct TreeBuild {
  /// What is in use.
  let tree: ViewTree
  /// The view as it is to be, under its own name.
  let target: TableInventory.View
  let invariants: [Invariant]
  let timeout: TimeSpan

  var name: QualifiedName { tree.name }

  /// The tree that is built: the target below, what is on top as it is.
  private var wanted: ViewTree { ViewTree(root: target, over: tree.inventory) }

  private var renaming: Renaming {
    let views = wanted.views
    let tables = views.map { ($0.relation.name, SideName.fresh($0.relation.name)) }
    let parts = views.flatMap { $0.indexes.map(\.name) + $0.statistics.map(\.name) }
    return Renaming(
      tables: Dictionary(tables, uniquingKeysWith: { first, _ in first }),
      parts: Dictionary(parts.map { ($0, SideName.fresh($0.name)) }, uniquingKeysWith: { first, _ in first }))
  }

  var operation: Operation {
    get throws {
      let ddl = ViewTreeDDL(wanted, renaming: renaming)
      let made = [ViewQuery.serversCompilation, MatviewRegister.create] + dropParked + dropFresh + ddl.createRoot()
        + fill(target) + ddl.createAbove() + tree.above.flatMap(fill)
      let judged = try invariants.enumerated().map {
        try $1.statement($0 + 1, of: name, reading: SideName.fresh(name))
      }
      let filled = target.relation.isPopulated ? [MatviewRegister.filled(SideName.fresh(name))] : []
      return .transaction(
        id: "build", title: "build \(name)\(tree.above.isEmpty ? "" : " and what is on top of it") beside",
        made.map { TransactionStatement($0) } + judged + filled.map { TransactionStatement($0) },
        settings: [Setting("statement_timeout", String(timeout.milliseconds))],
        // Filled and judged as of one moment, whatever is written meanwhile.
        isolation: .repeatableRead,
        undo: .operations([
          .transaction(
            id: "drop-built", title: "drop what was built beside",
            (dropFresh + [MatviewRegister.remove(SideName.fresh(name))]).map { TransactionStatement($0) }, undo: .nothing)
        ]))
    }
  }

  /// Top down; also what an earlier run left.
  private var dropFresh: [SQL] {
    wanted.views.reversed().map {
      "DROP \(sql: $0.word) IF EXISTS \(id: SideName.fresh($0.relation.name))"
    }
  }

  /// What an exchange left that was taken back before it was over.
  private var dropParked: [SQL] {
    tree.views.reversed().map { "DROP \(sql: $0.word) IF EXISTS \(id: SideName.parked($0.relation.name))" }
  }

  /// REFRESH writes rows frozen: whoever has an older snapshot sees them all, never none.
  private func fill(_ view: TableInventory.View) -> [SQL] {
    guard view.isMaterialized, view.relation.isPopulated else { return [] }
    let fresh = SideName.fresh(view.relation.name)
    return ["REFRESH MATERIALIZED VIEW \(id: fresh)", "ANALYZE \(id: fresh)"]
  }
}

extension TableInventory.View {
  /// `VIEW` or `MATERIALIZED VIEW`.
  var word: SQL { isMaterialized ? "MATERIALIZED VIEW" : "VIEW" }
}

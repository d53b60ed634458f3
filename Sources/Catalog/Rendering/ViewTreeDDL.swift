public import SQLText

/// Statements that make a whole tree of views again, under other names or the same.
public struct ViewTreeDDL: Sendable, Hashable {
  public let tree: ViewTree
  public let renaming: Renaming

  public init(_ tree: ViewTree, renaming: Renaming = .none) {
    self.tree = tree
    self.renaming = renaming
  }

  /// The root with indexes, owner, privileges and comments; a materialized view holds no rows yet.
  public func createRoot() -> [SQL] { statements(tree.root).create }

  /// The views above it, with all that is on them, in their order; materialized ones hold no rows yet.
  public func createAbove() -> [SQL] {
    let views = tree.above.map(statements)
    return views.flatMap(\.create) + views.flatMap(\.behaviour)
  }

  /// Owner, privileges and comments of every view as they are now, where others may have been given to the new ones:
  /// `built` is what those were made from.
  public func dress(over built: ViewTree) -> [SQL] {
    let before = Dictionary(built.views.map { ($0.relation.name, $0) }, uniquingKeysWith: { first, _ in first })
    return tree.views.flatMap { view -> [SQL] in
      guard let then = before[view.relation.name], !isDressed(view, as: then) else { return [] }
      let grantees = then.relation.grants.compactMap(\.grantee) + then.columns.flatMap { $0.grants.compactMap(\.grantee) }
      let gone = (then.relation.comment != nil && view.relation.comment == nil ? [nil] : [])
        + then.columns.filter { column in
          column.comment != nil && view.columns.first { $0.name == column.name }?.comment == nil
        }.map { Optional($0.name) }
      return statements(view, further: grantees).dressing(withoutComment: gone)
    }
  }

  /// Functions, rules and policies that read one of the views, replaced in place: bound to what the names mean then.
  public func rebindOthers() -> [SQL] {
    let names = Set(tree.views.map(\.relation.name))
    let others = tree.inventory.dependents.filter { dependent in
      switch dependent.object {
      case .view, .other: false
      case .rule(let rule): !names.contains(rule.table)
      case .function, .policy: true
      }
    }
    return TableDDL(tree.inventory).replaceInPlace(others)
  }

  private func isDressed(_ view: TableInventory.View, as other: TableInventory.View) -> Bool {
    view.relation.owner == other.relation.owner && view.relation.grants == other.relation.grants
      && view.relation.comment == other.relation.comment
      && view.relation.securityLabels == other.relation.securityLabels
      && view.columns.map(\.comment) == other.columns.map(\.comment)
      && view.columns.map(\.grants) == other.columns.map(\.grants)
      && view.columns.map(\.securityLabels) == other.columns.map(\.securityLabels)
  }

  private func statements(_ view: TableInventory.View) -> ViewStatements { statements(view, further: []) }

  private func statements(_ view: TableInventory.View, further: [String]) -> ViewStatements {
    ViewStatements(
      view: view, renaming: renaming, defaultGrantees: tree.inventory.defaultPrivileges.tables + further)
  }
}

public import SQLText

extension TableDDL {
  /// What refers to the table and cannot be made again: to be refused.
  public var unmovable: [TableInventory.Dependent] { inventory.dependents.filter { $0.object == .other } }

  /// Everything that refers to the table, last made first.
  public func dropDependents() -> [SQL] { drop(inventory.dependents) }

  /// Makes them again with all that is on them, bound to what their names mean then. Materialized views hold no rows
  /// yet: see `populate`.
  public func createDependents() -> [SQL] { create(inventory.dependents) }

  /// Before the names change hands, for `rebindDependents` after: drops what cannot be replaced in place (materialized
  /// views, users of the row type) and what stands on it.
  public func dropUnreplaceable() -> [SQL] { drop(recreatedDependents) }

  /// Binds what refers to the table to the one that has its name now. Views, functions, rules and policies are replaced
  /// in place, with oid, owner, grants and comments left alone; the rest is made again.
  public func rebindDependents() -> [SQL] {
    let made = madeAnew
    let kept = inventory.dependents.filter { !made.contains($0.oid) && $0.refersTo.contains(inventory.relation.oid) }
    return kept.flatMap { bodyChecks(for: [$0]) + replace($0) } + create(recreatedDependents)
  }

  /// Replaces these where they are: owner, grants and comments stay.
  func replaceInPlace(_ dependents: [TableInventory.Dependent]) -> [SQL] {
    bodyChecks(for: dependents) + dependents.flatMap(replace)
  }

  /// Those `dropUnreplaceable` drops.
  public var recreatedDependents: [TableInventory.Dependent] {
    let made = madeAnew
    return inventory.dependents.filter { made.contains($0.oid) }
  }

  /// Fills the materialized views that held rows, in their order.
  public func populate() -> [SQL] {
    inventory.dependents.compactMap { dependent in
      guard case .view(let view) = dependent.object, view.isMaterialized, view.relation.isPopulated else { return nil }
      return "REFRESH MATERIALIZED VIEW \(id: renaming.table(view.relation.name))"
    }
  }

  private var madeAnew: Set<Int64> {
    var made: Set<Int64> = []
    for dependent in inventory.dependents {
      var mustBe = dependent.usesRowType || dependent.refersTo.contains { made.contains($0) }
      if case .view(let view) = dependent.object, view.isMaterialized { mustBe = true }
      if mustBe { made.insert(dependent.oid) }
    }
    let views = names(ofViewsIn: inventory.dependents.filter { made.contains($0.oid) })
    for dependent in inventory.dependents {
      if case .rule(let rule) = dependent.object, views.contains(rule.table) { made.insert(dependent.oid) }
    }
    return made
  }

  /// Views go with their rules and come with them.
  private func names(ofViewsIn dependents: [TableInventory.Dependent]) -> Set<QualifiedName> {
    Set(dependents.compactMap { if case .view(let view) = $0.object { view.relation.name } else { nil } })
  }

  // MARK: Pieces

  private func drop(_ dependents: [TableInventory.Dependent]) -> [SQL] {
    let views = names(ofViewsIn: dependents)
    return dependents.reversed().compactMap { dependent in
      switch dependent.object {
      case .view(let view): "DROP \(sql: ViewStatements.kind(view)) \(id: renaming.table(view.relation.name))"
      case .function(let function): "DROP \(sql: FunctionStatements.kind(function)) \(sql: signature(function))"
      case .rule(let rule) where views.contains(rule.table): nil
      case .rule(let rule): "DROP RULE \(id: rule.name) ON \(id: renaming.table(rule.table))"
      case .policy(let policy): "DROP POLICY \(id: policy.name) ON \(id: renaming.table(policy.table))"
      case .other: nil
      }
    }
  }

  /// Rules and triggers of views last: they may name views made later than their own.
  private func create(_ dependents: [TableInventory.Dependent]) -> [SQL] {
    let views = names(ofViewsIn: dependents)
    var first = bodyChecks(for: dependents)
    var last: [SQL] = []
    for dependent in dependents {
      switch dependent.object {
      case .view(let view):
        first += statements(view).create
        last += statements(view).behaviour
      case .function(let function): first += statements(function).create
      case .rule(let rule) where !views.contains(rule.table):
        last += RuleStatements.create(rule, on: renaming.table(rule.table), renaming.sql)
      case .policy(let policy):
        last += PolicyStatements(policy: policy, table: renaming.table(policy.table), text: renaming.sql).create
      case .rule, .other: break
      }
    }
    return first + last
  }

  private func replace(_ dependent: TableInventory.Dependent) -> [SQL] {
    switch dependent.object {
    case .view(let view): [statements(view).replace]
    case .function(let function): [renaming.sql(function.definition)]
    case .rule(let rule): [RuleStatements.replace(rule, renaming.sql)]
    case .policy(let policy):
      [PolicyStatements(policy: policy, table: renaming.table(policy.table), text: renaming.sql).rebind]
    case .other: []
    }
  }

  /// A function's text may name what its own search_path finds and ours does not.
  private func bodyChecks(for dependents: [TableInventory.Dependent]) -> [SQL] {
    let hasFunction = dependents.contains { if case .function = $0.object { true } else { false } }
    return hasFunction ? ["SET LOCAL check_function_bodies = off"] : []
  }

  private func signature(_ function: TableInventory.Function) -> SQL { renaming.sql(function.signature) }

  private func statements(_ view: TableInventory.View) -> ViewStatements {
    ViewStatements(view: view, renaming: renaming, defaultGrantees: inventory.defaultPrivileges.tables)
  }

  private func statements(_ function: TableInventory.Function) -> FunctionStatements {
    FunctionStatements(
      function: function, signature: signature(function), text: renaming.sql,
      defaultGrantees: inventory.defaultPrivileges.functions)
  }
}

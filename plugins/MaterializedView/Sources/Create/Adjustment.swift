import PluginAPI

/// What a view of the right definition lacks: indexes, privileges, its comment, its row in the register.
struct Adjustment {
  let wanted: MatviewCreate.Parameters
  let indexes: [WantedIndex]
  let entry: MatviewRegister.Entry
  let former: MatviewRegister.Entry?
  let tree: ViewTree

  private var name: QualifiedName { wanted.name }

  var program: Program {
    let operations = missing.map(build) + access + remark + record
    guard !operations.isEmpty else {
      return .alreadySo(.note("matview.exists", "\(name) is there and as the plan has it", at: wanted.$name))
    }
    return Program(operations: operations, privileges: [Privilege(.owner(name))])
  }

  /// By name; a unique key also when another index serves.
  private var missing: [WantedIndex] {
    indexes.filter { wanted in
      if tree.root.indexes.contains(where: { $0.name.name == wanted.name }) { return false }
      guard let columns = wanted.plainColumns, wanted.tellsRowsApart else { return true }
      return !tree.root.indexes.contains { $0.tellsRowsApart && Set($0.keys.compactMap(\.column)) == Set(columns) }
    }
  }

  /// Nobody writes a materialized view but a refresh: a plain build keeps no reader waiting.
  private func build(_ index: WantedIndex) -> Operation {
    .transaction(
      id: "index-\(index.name)", title: "build index \(index.name) on \(name)",
      [TransactionStatement(index.create(on: name))],
      settings: [Setting("statement_timeout", "0")],
      undo: .operations([
        .transaction(
          id: "drop-\(index.name)", title: "drop index \(index.name)",
          [TransactionStatement("DROP INDEX \(id: QualifiedName(name.schema, index.name))")], undo: .nothing)
      ]))
  }

  private var access: [Operation] {
    let lacking = wanted.grants.filter { !isHeld($0) }
    guard !lacking.isEmpty else { return [] }
    return [
      .transaction(
        id: "grants", title: "grants on \(name)",
        lacking.map { TransactionStatement(GrantList.statement($0.value, to: $0.key, on: name)) },
        undo: .operations([
          .transaction(
            id: "revoke", title: "revoke what was granted on \(name)",
            lacking.map { TransactionStatement(GrantList.revocation(held(out: $0), from: $0.key, on: name)) },
            undo: .nothing)
        ]))
    ]
  }

  private func privileges(of key: String) -> Set<String> {
    Set(tree.root.relation.grants.filter { $0.grantee == GrantList.role(key) }.map(\.privilege))
  }

  private func isHeld(_ entry: OrderedMap<GrantList>.Entry) -> Bool {
    let held = privileges(of: entry.key)
    return held.isSuperset(of: entry.value.rights.flatMap(\.privileges))
  }

  /// What the role did not have before.
  private func held(out entry: OrderedMap<GrantList>.Entry) -> GrantList {
    let held = privileges(of: entry.key)
    return GrantList(rights: entry.value.rights.filter { !held.contains($0.rawValue) })
  }

  private var remark: [Operation] {
    guard let comment = wanted.comment, comment != tree.root.relation.comment else { return [] }
    let before: SQL = tree.root.relation.comment.map { "\(literal: $0)" } ?? "NULL"
    return [
      .transaction(
        id: "comment", title: "comment on \(name)",
        [TransactionStatement("COMMENT ON MATERIALIZED VIEW \(id: name) IS \(literal: comment)")],
        undo: .operations([
          .transaction(
            id: "comment-back", title: "comment on \(name) as it was",
            [TransactionStatement("COMMENT ON MATERIALIZED VIEW \(id: name) IS \(sql: before)")], undo: .nothing)
        ]))
    ]
  }

  private var record: [Operation] {
    if let former, former.says(what: entry), former.definition == tree.root.definition { return [] }
    let back = former?.write ?? [MatviewRegister.remove(name)]
    return [
      .transaction(
        id: "register", title: "how \(name) is refreshed",
        ([MatviewRegister.create] + entry.write).map { TransactionStatement($0) },
        undo: .operations([
          .transaction(
            id: "register-back", title: "how \(name) was refreshed", back.map { TransactionStatement($0) },
            undo: .nothing)
        ]))
    ]
  }
}

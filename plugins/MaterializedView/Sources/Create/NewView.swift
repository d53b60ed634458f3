import PluginAPI

/// A view that is not there yet: made, filled, indexed, granted and judged in one transaction, so that it is there whole
/// or not at all.
struct NewView {
  let wanted: MatviewCreate.Parameters
  let query: ViewQuery
  let indexes: [WantedIndex]
  let invariants: [Invariant]
  let entry: MatviewRegister.Entry

  private var name: QualifiedName { wanted.name }

  var operation: Operation {
    get throws {
      let judged = try invariants.enumerated().map { try $1.statement($0 + 1, of: name) }
      let made = [ViewQuery.serversCompilation, MatviewRegister.create] + create + grants + comment + fill
      let recorded = [MatviewRegister.filled(name)] + entry.write
      return .transaction(
        id: "create", title: "create \(name)",
        made.map { TransactionStatement($0) } + judged + recorded.map { TransactionStatement($0) },
        settings: [Setting("statement_timeout", String(wanted.refresh.timeout.milliseconds))],
        // Filled and judged as of one moment, whatever is written meanwhile.
        isolation: .repeatableRead,
        undo: .operations([
          .transaction(
            id: "drop", title: "drop \(name)",
            [
              TransactionStatement("DROP MATERIALIZED VIEW \(id: name)"),
              TransactionStatement(MatviewRegister.remove(name)),
            ], locks: [RelationLock(.accessExclusive, name)], undo: .nothing)
        ]))
    }
  }

  /// Rows come with REFRESH, which writes them frozen: a snapshot older than the view sees them all, never none.
  private var create: [SQL] {
    ["CREATE MATERIALIZED VIEW \(id: name) AS\n\(sql: query.text)\nWITH NO DATA"] + indexes.map { $0.create(on: name) }
  }

  private var grants: [SQL] { wanted.grants.map { GrantList.statement($0.value, to: $0.key, on: name) } }

  private var comment: [SQL] {
    wanted.comment.map { ["COMMENT ON MATERIALIZED VIEW \(id: name) IS \(literal: $0)"] } ?? []
  }

  private var fill: [SQL] { ["REFRESH MATERIALIZED VIEW \(id: name)", "ANALYZE \(id: name)"] }
}

extension GrantList {
  static func statement(_ list: GrantList, to role: String, on view: QualifiedName) -> SQL {
    let rights = list.rights.map(\.rawValue).joined(separator: ", ")
    return "GRANT \(sql: rights) ON \(id: view) TO \(sql: grantee(role))"
  }

  static func revocation(_ list: GrantList, from role: String, on view: QualifiedName) -> SQL {
    let rights = list.rights.map(\.rawValue).joined(separator: ", ")
    return "REVOKE \(sql: rights) ON \(id: view) FROM \(sql: grantee(role))"
  }

  /// `nil`: everybody.
  static func role(_ key: String) -> String? { key.lowercased() == "public" ? nil : key }

  private static func grantee(_ key: String) -> SQL { role(key).map { "\(id: $0)" } ?? "PUBLIC" }
}

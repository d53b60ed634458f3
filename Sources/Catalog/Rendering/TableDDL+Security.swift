public import SQLText

extension TableDDL {
  /// Before the grants: a new owner takes over what the old one gave.
  public func owner() -> [SQL] { [alter("OWNER TO \(id: inventory.relation.owner)")] }

  /// Privileges on the table and its columns, exactly: what default privileges gave at its creation is revoked.
  public func grants() -> [SQL] {
    GrantStatements(
      on: "TABLE \(id: target)", owner: inventory.relation.owner,
      defaultGrantees: inventory.defaultPrivileges.tables
    ).statements(inventory.relation.grants, columns: inventory.columns.map { ($0.name, $0.grants) })
  }

  public func rowSecurity() -> [SQL] {
    (inventory.relation.hasRowSecurity ? [alter("ENABLE ROW LEVEL SECURITY")] : [])
      + (inventory.relation.forcesRowSecurity ? [alter("FORCE ROW LEVEL SECURITY")] : [])
  }

  public func policies() -> [SQL] {
    inventory.policies.flatMap { PolicyStatements(policy: $0, table: target, text: ownText).create }
  }
}

struct PolicyStatements {
  let policy: TableInventory.Policy
  let table: QualifiedName
  let text: (String) -> SQL

  var create: [SQL] {
    let kind: SQL = policy.isPermissive ? "PERMISSIVE" : "RESTRICTIVE"
    let roles = policy.roles.map { role -> SQL in role.map { SQL(verbatim: Quoting.identifier($0)) } ?? "PUBLIC" }
    let statement: SQL = """
      CREATE POLICY \(id: policy.name) ON \(id: table) AS \(sql: kind) FOR \(sql: policy.command) \
      TO \(sql: roles.joined(separator: ", "))\(sql: conditions)
      """
    return [statement]
      + (policy.comment.map { [Remark.comment("POLICY \(id: policy.name) ON \(id: table)", $0)] } ?? [])
  }

  /// The same conditions, bound anew to what the names in them mean now.
  var rebind: SQL { "ALTER POLICY \(id: policy.name) ON \(id: table)\(sql: conditions)" }

  private var conditions: SQL {
    var clauses: SQL = ""
    if let using = policy.using { clauses.append(" USING (\(sql: text(using)))") }
    if let check = policy.check { clauses.append(" WITH CHECK (\(sql: text(check)))") }
    return clauses
  }
}

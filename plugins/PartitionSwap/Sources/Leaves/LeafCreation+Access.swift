import PluginAPI

/// Who may do what with a partition: row security counts on each by itself when it is read directly.
extension LeafCreation {
  func access(to leaf: QualifiedName) -> [SQL] {
    var statements: [SQL] = ["ALTER TABLE \(id: leaf) OWNER TO \(id: template.owner)"]
    for role in template.revokedFrom {
      statements.append("REVOKE ALL ON \(id: leaf) FROM \(sql: LeafCreation.grantee(role.isEmpty ? nil : role))")
    }
    statements += template.grants.map { grant(leaf, $0) }
    if template.hasRowSecurity { statements.append("ALTER TABLE \(id: leaf) ENABLE ROW LEVEL SECURITY") }
    if template.forcesRowSecurity { statements.append("ALTER TABLE \(id: leaf) FORCE ROW LEVEL SECURITY") }
    for (name, rest) in template.policies {
      statements.append("CREATE POLICY \(id: name) ON \(id: leaf) \(sql: rest)")
    }
    return statements
  }

  private func grant(_ leaf: QualifiedName, _ grant: LeafTemplate.Grant) -> SQL {
    let column: SQL = grant.column.map { " (\(id: $0))" } ?? ""
    let privileges = grant.privileges.split(separator: ", ").map { "\(sql: String($0))\(sql: column)" as SQL }
    let option: SQL = grant.withGrantOption ? " WITH GRANT OPTION" : ""
    return """
      GRANT \(sql: privileges.joined(separator: ", ")) ON \(id: leaf) \
      TO \(sql: LeafCreation.grantee(grant.grantee))\(sql: option)
      """
  }

  private static func grantee(_ name: String?) -> SQL { name.map { "\(id: $0)" } ?? "PUBLIC" }
}

import SQLText

/// GRANT statements that make an access control list exactly what it was elsewhere.
struct GrantStatements {
  /// `TABLE "s"."t"`, `FUNCTION …`
  let object: SQL
  let owner: String
  /// Who may have been given something by default when the object was made.
  let defaultGrantees: [String]
  private var statements: [SQL] = []
  /// Who may grant what by now, beside the owner.
  private var options: Set<Option> = []

  private struct Option: Hashable {
    let role: String
    let privilege: String
  }

  private struct Group: Equatable {
    let grantor: String
    let grantee: String?
    let isGrantable: Bool
  }

  init(on object: SQL, owner: String, defaultGrantees: [String]) {
    self.object = object
    self.owner = owner
    self.defaultGrantees = defaultGrantees
  }

  /// Nothing is left but what follows; revoking from a table takes its columns' privileges as well.
  func statements(_ grants: [Grant], columns: [(name: String, grants: [Grant])] = []) -> [SQL] {
    var maker = self
    let others = Set(defaultGrantees + [owner]).sorted().map { SQL(verbatim: Quoting.identifier($0)) }
    let everyone = (["PUBLIC"] + others).joined(separator: ", ")
    maker.statements = ["REVOKE ALL ON \(sql: object) FROM \(sql: everyone) CASCADE"]
    maker.give(grants, of: nil)
    for column in columns where !column.grants.isEmpty { maker.give(column.grants, of: column.name) }
    return maker.statements
  }

  private mutating func give(_ grants: [Grant], of column: String?) {
    var group: Group?
    var privileges: [String] = []
    for grant in inOrder(grants) {
      let next = Group(grantor: grant.grantor, grantee: grant.grantee, isGrantable: grant.isGrantable)
      if let group, group != next {
        statements.append(statement(group, privileges, column))
        privileges = []
      }
      group = next
      privileges.append(grant.privilege)
    }
    if let group { statements.append(statement(group, privileges, column)) }
  }

  /// The owner's first, then those of whoever holds the grant option by then.
  private mutating func inOrder(_ grants: [Grant]) -> [Grant] {
    var ordered: [Grant] = []
    var waiting = grants
    while !waiting.isEmpty {
      let ready = waiting.filter {
        $0.grantor == owner || options.contains(Option(role: $0.grantor, privilege: $0.privilege))
      }
      guard !ready.isEmpty else { return ordered + waiting }
      ordered += ready
      waiting.removeAll { ready.contains($0) }
      for grant in ready where grant.isGrantable {
        if let role = grant.grantee { options.insert(Option(role: role, privilege: grant.privilege)) }
      }
    }
    return ordered
  }

  private func statement(_ group: Group, _ privileges: [String], _ column: String?) -> SQL {
    let list = privileges.map { privilege -> SQL in
      column.map { "\(sql: privilege) (\(id: $0))" } ?? SQL(verbatim: privilege)
    }.joined(separator: ", ")
    let grantee: SQL = group.grantee.map { SQL(verbatim: Quoting.identifier($0)) } ?? "PUBLIC"
    let option: SQL = group.isGrantable ? " WITH GRANT OPTION" : ""
    let grant: SQL = "GRANT \(sql: list) ON \(sql: object) TO \(sql: grantee)\(sql: option)"
    return group.grantor == owner ? grant : acting(as: group.grantor, grant)
  }

  /// A grantor is who runs the statement: no clause of GRANT can name another.
  private func acting(as role: String, _ statement: SQL) -> SQL {
    let body: SQL = """
      DECLARE
        previous text := current_setting('role');
      BEGIN
        PERFORM set_config('role', \(literal: role), true);
        \(sql: statement);
        PERFORM set_config('role', previous, true);
      END
      """
    return "DO LANGUAGE plpgsql \(literal: body.text)"
  }
}

import PluginAPI

/// Who may do what with a ledger.
struct ConsentAccess {
  let ledger: ConsentLedger
  let wanted: GDPRConsent.Parameters

  struct Grant: Sendable, Hashable {
    var statement: SQL
    var reverse: SQL
    /// One boolean: whether the role has it.
    var isThere: SQL
  }

  /// Each once.
  var all: [Grant] {
    var seen: Set<Grant> = []
    return listed.filter { seen.insert($0).inserted }
  }

  private var listed: [Grant] {
    wanted.record.flatMap { role in [ledger.grant, ledger.withdraw, ledger.holds].map { execute($0, role) } }
      + wanted.read.flatMap { role in
        [ledger.current, ledger.entries, ledger.purposes].map { select($0, role) } + [execute(ledger.holds, role)]
      } + wanted.forget.map { execute(ledger.forget, $0) }
  }

  func missing(_ facts: any Facts) async throws -> [Grant] {
    var list: [Grant] = []
    for grant in all {
      let row = try await facts.rows("SELECT (\(sql: grant.isThere)) AS has").first
      if try row?.bool("has") != true { list.append(grant) }
    }
    return list
  }

  private func execute(_ function: QualifiedName, _ role: Identifier) -> Grant {
    let signature = ledger.signature(function)
    return Grant(
      statement: "GRANT EXECUTE ON FUNCTION \(sql: signature) TO \(id: role.name)",
      reverse: "REVOKE EXECUTE ON FUNCTION \(sql: signature) FROM \(id: role.name)",
      isThere: "has_function_privilege(\(literal: role.name), \(literal: signature.text), 'EXECUTE')")
  }

  private func select(_ relation: QualifiedName, _ role: Identifier) -> Grant {
    Grant(
      statement: "GRANT SELECT ON \(id: relation) TO \(id: role.name)",
      reverse: "REVOKE SELECT ON \(id: relation) FROM \(id: role.name)",
      isThere: "has_table_privilege(\(literal: role.name), \(literal: relation.quoted), 'SELECT')")
  }
}

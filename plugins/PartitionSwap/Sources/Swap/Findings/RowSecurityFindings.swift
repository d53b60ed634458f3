import PluginAPI

/// Rows that policies hide: FORCE ROW LEVEL SECURITY holds a table's owner too, unless it is a superuser or has BYPASSRLS.
extension SwapSubject {
  /// Whoever does the work has to see every row of the table: asked before anything is read.
  static func hiddenRows(
    _ table: TableInventory, _ wanted: PartitionSwap.Parameters, _ facts: any Facts
  ) async throws -> Finding? {
    guard table.isForced, let role = try await facts.rows("SELECT current_user").first?[0],
      try await facts.isHeldByPolicies(role)
    else { return nil }
    return .refusal(
      "swap.row_security",
      "\(table.name) has FORCE ROW LEVEL SECURITY, and \(role) is held by it: only the rows that policies show would be copied",
      choices: [
        "run the step as a role that is a superuser or has BYPASSRLS",
        "ALTER TABLE \(table.name) NO FORCE ROW LEVEL SECURITY until the swap is done",
      ], at: wanted.$table)
  }

  /// What the functions that stay with the application would not see; each runs as its owner.
  func rowSecurityFindings() async throws -> [Finding] { try await guardOwnerFindings() + referenceOwnerFindings() }

  /// A guard belongs to the table's owner, and looks into the table after a TRUNCATE of one partition.
  private func guardOwnerFindings() async throws -> [Finding] {
    let owner = table.relation.owner
    guard table.isForced, !guarded.isEmpty, try await facts.isHeldByPolicies(owner) else { return [] }
    return guarded.map { index in
      let named = index.name.name
      let others = index.isExclusion
        ? ["exclusion: { \(named): per_partition }"] : ["unique: { \(named): append }", "unique: { \(named): drop }"]
      return .refusal(
        "swap.row_security",
        "\(name) has FORCE ROW LEVEL SECURITY, which holds its owner \(owner): the guard of \(named) works as \(owner), and"
          + " after a TRUNCATE of one partition it would forget the values of rows in others that policies hide",
        choices: [
          "ALTER ROLE \(QualifiedName.readable(owner)) BYPASSRLS, or make one that has it the owner",
          "ALTER TABLE \(name) NO FORCE ROW LEVEL SECURITY",
        ] + others, at: index.isExclusion ? wanted.$exclusion : wanted.$unique)
    }
  }

  /// What keeps the further column writes the referring table, as the role that made it.
  private func referenceOwnerFindings() async throws -> [Finding] {
    var findings: [Finding] = []
    for reference in compositeReferences() {
      guard let child = try await facts.inventory(of: reference.table), child.isForced,
        let role = try await facts.rows("SELECT current_user").first?[0], try await facts.isHeldByPolicies(role)
      else { continue }
      findings.append(
        .refusal(
          "swap.row_security",
          "\(reference.table) has FORCE ROW LEVEL SECURITY, and \(role) is held by it: \(reference.column) would be filled and"
            + " kept only in rows that policies show, and \(reference.name) would break for the others",
          choices: [
            "run the step as a role that is a superuser or has BYPASSRLS",
            "ALTER TABLE \(reference.table) NO FORCE ROW LEVEL SECURITY",
            "incoming_foreign_keys: { \(reference.name): drop }",
          ], at: wanted.$incomingForeignKeys))
    }
    return findings
  }
}

extension TableInventory {
  /// Its owner sees what policies show.
  fileprivate var isForced: Bool { relation.hasRowSecurity && relation.forcesRowSecurity }
}

extension Facts {
  fileprivate func isHeldByPolicies(_ role: String) async throws -> Bool {
    try await rows("SELECT FROM pg_roles WHERE rolname = \(role) AND NOT (rolsuper OR rolbypassrls)").first != nil
  }
}

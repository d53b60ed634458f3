import OnlineDDL
import PluginAPI

/// What a partitioned table could not have as the table has it.
extension SwapSubject {
  /// PostgreSQL before 18 knows no foreign key of a partitioned table that is not validated.
  var uncheckedFindings: [Finding] {
    table.constraints.filter { $0.kind == .foreignKey && !$0.isValidated }.map { key in
      .refusal(
        "swap.foreign_key",
        "\(key.name) is NOT VALID: a partitioned table has validated foreign keys only, and rows that break it would stop"
          + " the step after the cutover",
        choices: [
          "ALTER TABLE \(name) VALIDATE CONSTRAINT \(QualifiedName.readable(key.name)) first", "drop it before",
        ], at: wanted.$table)
    }
  }

  /// A guard's lookup index is not unique, a dropped one is gone.
  var identityIndexFindings: [Finding] {
    guard let index = table.indexes.first(where: \.isReplicaIdentity),
      [.guard, .drop].contains(wanted.unique[index.name.name])
    else { return [] }
    return [
      .refusal(
        "swap.replica_identity",
        "\(index.name.name) is the replica identity of \(name), and there would be no such index: subscribers could not"
          + " tell rows apart",
        choices: [
          "ALTER TABLE \(name) REPLICA IDENTITY DEFAULT or FULL first", "unique: { \(index.name.name): append }",
        ], at: wanted.$unique)
    ]
  }

  /// A materialized view that is made anew is filled as its owner, who has to be allowed to read what it reads.
  func materializedFindings() async throws -> [Finding] {
    var findings: [Finding] = []
    for view in table.views where view.isMaterialized && view.relation.isPopulated {
      guard let refused = try await facts.attempt(readAsOwner(view)), refused.sqlState == "42501" else { continue }
      findings.append(
        .refusal(
          "swap.materialized_view",
          "\(view.relation.owner), who owns \(view.relation.name), may not read all that it reads (\(refused.message)): made"
            + " anew at the cutover, it could not be filled",
          choices: ["grant its owner SELECT on it", "drop \(view.relation.name) before, and make it again after the swap"],
          at: wanted.$table))
    }
    return findings
  }

  /// EXPLAIN checks rights, and reads no row.
  private func readAsOwner(_ view: TableInventory.View) -> String {
    let owner = Quoting.literal(view.relation.owner)
    let body = """
      DECLARE
        former_role text := current_setting('role'); former_security text := current_setting('row_security');
      BEGIN
        IF pg_has_role(\(owner), 'MEMBER') THEN
          PERFORM set_config('row_security', 'on', true), set_config('role', \(owner), true);
          EXECUTE \(Quoting.literal("EXPLAIN " + view.definition));
          PERFORM set_config('role', former_role, true), set_config('row_security', former_security, true);
        END IF;
      END
      """
    return "DO \(Quoting.literal(body))"
  }
}

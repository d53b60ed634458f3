import SQLText

/// The statements behind `journal install --roles`: what a DBA may run by hand, and the installer runs.
package struct RolesScript: Sendable {
  /// The role that the environment's work is done as; it makes tables of its own in the schema.
  package let worker: String?

  package init(worker: String? = nil) { self.worker = worker }

  // MARK: The cluster's part

  /// Harmless when it is there, also when two databases' journals do it at the same time.
  package static let creation: [String] = GroupRole.allCases.map { role in
    var block = """
      DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '\(role.rawValue)') THEN
          CREATE ROLE \(role.rawValue) NOLOGIN;
        END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$
      """
    guard role != .viewer else { return block }
    block += """
      ;
      DO $$ BEGIN
        IF NOT pg_catalog.pg_has_role('\(role.rawValue)', '\(GroupRole.viewer.rawValue)', 'MEMBER') THEN
          GRANT \(GroupRole.viewer.rawValue) TO \(role.rawValue);
        END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$
      """
    return block
  }

  // MARK: This database's part

  /// Everything is taken back and given anew, in one transaction: what an older version granted is gone after it.
  package var grants: [String] { [retracting] + schemaGrants + GroupRole.allCases.flatMap(grants) }

  private static let names = GroupRole.allCases.map(\.rawValue).joined(separator: ", ")
  private static let tables = Rights.tables.map { "caisson.\($0.name)" }.joined(separator: ", ")
  private static let sequences = Rights.sequences.map { "caisson.\($0)" }.joined(separator: ", ")
  private static let functions = Rights.functions.flatMap(\.names).map { "caisson.\($0)" }.joined(separator: ", ")

  private var retracting: String {
    """
    DO $$ DECLARE r text; BEGIN
      FOR r IN SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY (ARRAY[\
    \((GroupRole.allCases.map(\.rawValue) + GroupRole.former).map(Quoting.literal).joined(separator: ", "))]) LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON SCHEMA caisson FROM %I', r);
        EXECUTE pg_catalog.format('REVOKE ALL ON \(Self.tables) FROM %I', r);
        EXECUTE pg_catalog.format('REVOKE ALL ON SEQUENCE \(Self.sequences) FROM %I', r);
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION \(Self.functions) FROM %I', r);
      END LOOP;
    END $$;
    REVOKE ALL ON FUNCTION \(Self.functions) FROM PUBLIC
    """
  }

  private var schemaGrants: [String] {
    [
      "GRANT USAGE ON SCHEMA caisson TO \(Self.names)",
      "GRANT CREATE ON SCHEMA caisson TO \(GroupRole.runner.rawValue)",
      "GRANT SELECT ON \(Self.tables) TO \(GroupRole.viewer.rawValue)",
      "GRANT SELECT ON SEQUENCE \(Self.sequences) TO \(GroupRole.viewer.rawValue)",
      "GRANT USAGE ON SEQUENCE \(Self.sequences) TO \(GroupRole.runner.rawValue)",
    ] + (worker.map { ["GRANT USAGE, CREATE ON SCHEMA caisson TO \(Quoting.identifier($0))"] } ?? [])
  }

  private func grants(to role: GroupRole) -> [String] {
    let tables = role == .viewer ? [] : Rights.tables.flatMap { table in
      table.privileges(of: role).map { "GRANT \($0) ON caisson.\(table.name) TO \(role.rawValue)" }
    }
    let functions = Rights.functions(of: role).map { "caisson.\($0)" }.joined(separator: ", ")
    return tables + ["GRANT EXECUTE ON FUNCTION \(functions) TO \(role.rawValue)"]
  }

  // MARK: For people

  /// What is typed next, by whoever knows who is who.
  package var nextGrants: [String] {
    let groups = [GroupRole.runner, .approver, .viewer].map { "GRANT \($0.rawValue) TO \($0.example.login);" }
    return groups + (worker.map { ["GRANT \(Quoting.identifier($0)) TO \(GroupRole.runner.example.login);"] } ?? [])
  }

  /// All of it, for psql: the first part needs CREATEROLE, the second the journal's owner.
  package var text: String {
    let parts = [
      ["-- once in a cluster, by a role with CREATEROLE"], RolesScript.creation.map { $0 + ";" },
      ["-- in each database, by the owner of its journal", "BEGIN;"], grants.map { $0 + ";" }, ["COMMIT;"],
      ["-- who is who"], nextGrants.map { "-- " + $0 },
    ]
    return parts.flatMap { $0 }.joined(separator: "\n")
  }
}

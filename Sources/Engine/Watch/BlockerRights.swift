import PlanModel
import PlanSchema
import PluginAPI
import PostgresClient
import SQLText

/// Whether `blockers: { cancel: … }` can be kept: told before anything runs.
struct BlockerRights {
  let rule: BlockerRule

  static let remedy = "GRANT pg_signal_backend, pg_read_all_stats TO the role that connects"

  func findings(on connection: Connection) async throws -> [Finding] {
    let rows = try await connection.query(
      """
      SELECT n.name, r.rolname IS NOT NULL AS there, coalesce(r.rolsuper OR r.rolreplication, false) AS exempt,
        coalesce(pg_has_role(r.oid, 'USAGE') OR (pg_has_role('pg_signal_backend', 'USAGE')
          AND pg_has_role('pg_read_all_stats', 'USAGE')), true) AS allowed,
        current_user AS me, (SELECT array_to_string(array_agg(rolname ORDER BY 1), ',') FROM pg_roles) AS all
      FROM unnest(\(rule.roles)::name[]) AS n(name) LEFT JOIN pg_roles r ON r.rolname = n.name ORDER BY 1
      """).rows
    return try rows.compactMap(finding)
  }

  private func finding(_ row: Row) throws -> Finding? {
    let role = try row.string("name")
    if try !row.bool("there") {
      let all = (row["all"] ?? "").split(separator: ",").map(String.init)
      let near = Spelling.nearest(to: role, in: all)
      return .warning(
        "blockers.role", "blockers: the server has no role \(role), so nobody of it is ever canceled",
        choices: [near.map { "did you mean \($0)?" } ?? "name a role that logs in"])
    }
    if try row.bool("exempt") {
      return .warning(
        "blockers.exempt", "blockers: \(role) is a superuser or replicates: its sessions are never canceled",
        choices: ["take it out of blockers.cancel"])
    }
    if try row.bool("allowed") { return nil }
    return .refusal(
      "blockers.privilege", "blockers: \(try row.string("me")) may not cancel sessions of \(role)",
      choices: [Self.remedy, "blockers: wait"])
  }
}

extension Preparation {
  /// Findings about the environment stand with the first step that is to run.
  func adding(_ findings: [Finding]) -> Preparation {
    guard !findings.isEmpty, var first = steps.first else { return self }
    first.findings += findings
    return Preparation(steps: [first] + steps.dropFirst())
  }
}

import ChildProcess
import Glibc
import Sandbox
import TestSupport
import Testing

/// plans/zenfleet/export.yaml, erase.yaml and replay.yaml: the command lines of its README, and what they promise.
@Suite(.serialized, .database, .contrib("btree_gist"), .timeLimit(.minutes(5))) struct FleetRequestPlanTests {
  private static let secrets = ["ZENFLEET_TOKEN_KEY": "key of the tokens", "ZENFLEET_ERASURE_KEY": "key of the log"]

  /// A desk with the three plans side by side, and one person whose values nobody else has.
  private func desk() async throws -> PlanDesk {
    let desk = try await PlanDesk("zenfleet", plan: "export.yaml", environment: "staging-export.yaml", scale: "0.1")
    for name in ["gdpr.yaml", "erase.yaml", "replay.yaml"] {
      try desk.project.write(HouseTree.text("plans/zenfleet/\(name)"), to: name)
    }
    for kind in ["erase", "replay"] {
      let lines = HouseTree.text("plans/zenfleet/staging-\(kind).yaml").split(separator: "\n")
      let text = lines.map { $0.hasPrefix("target:") ? "target: ${env:TARGET}" : String($0) }.joined(separator: "\n")
      try desk.project.write(text + "\n", to: "\(kind).env.yaml")
    }
    let connection = try await TestDatabase.current.connect()
    try await connection.script(
      """
      SET zenfleet.allow_audit_maintenance = 'on';
      UPDATE drivers SET user_id = NULL WHERE user_id = 7;
      UPDATE drivers SET user_id = 7, first_name = 'Zébulon', national_id = 'NID-zébulon' WHERE id = 3;
      UPDATE users SET first_name = 'Zébulon', email = 'zébulon@fleet.example' WHERE id = 7;
      UPDATE assignments SET notes = 'zébulon was late' WHERE driver_id = 3;
      UPDATE documents SET documentable_type = 'App\\Models\\Driver', documentable_id = 3, title = 'zébulon.pdf' WHERE id IN (1, 2);
      DELETE FROM gdpr_legal_holds WHERE user_id = 7;
      """)
    await connection.close()
    return desk
  }

  private func run(_ desk: PlanDesk, _ command: String, _ environment: String, _ more: String...) async throws {
    let words = [command, "\(desk.project.folder)/\(environment)"] + more
    let result = try await runCaisson(words, env: ["TARGET": TestDatabase.current.url].merging(Self.secrets) { $1 })
    #expect(result.exit == 0, "\(words.prefix(1)) \(environment): \(result.stdout)\(result.stderr)")
  }

  /// Rows with a value of theirs, anywhere.
  private func traces(_ desk: PlanDesk) async throws -> [String] {
    var found: [String] = []
    for table in try await desk.values(
      "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, to_regnamespace('caisson'))")
    where try await desk.value("SELECT count(*) FROM \(table) x WHERE x::text ~* 'zébulon'") != "0" { found.append(table) }
    return found
  }

  @Test("a request of access: files of one moment whose sums hold, and nobody else's name in them")
  func export() async throws {
    let desk = try await desk()
    try await run(desk, "plan", "staging.yaml", "--var", "request=2026-0042", "--var", "subject=7")
    try await run(desk, "apply", "staging.yaml", "--var", "request=2026-0042", "--var", "subject=7", "--yes")
    let folder = "\(desk.project.folder)/request-2026-0042"
    let sums = try await Command(["sha256sum", "--check", "SHA256SUMS"], directory: folder).run()
    #expect(sums.succeeded, "\(sums.errorText)")
    let text = FolderNames.all(in: folder).map { ServerFiles.read("\(folder)/\($0)") ?? "" }.joined()
    #expect(text.contains("zébulon was late") && text.contains("zébulon@fleet.example") && !text.contains("\"password\""))
    let others = try await desk.values("SELECT email FROM users WHERE id <> 7")
    #expect(!others.isEmpty && others.allSatisfy { !text.contains($0) })
    try await TemporaryFolder.remove(folder)
    await desk.close()
  }

  @Test("a request to be forgotten, and after a restore the replay: nothing of theirs is left")
  func erase() async throws {
    let desk = try await desk()
    mkdir("\(desk.project.folder)/erasures", 0o700)
    #expect(try await traces(desk).count > 3)
    try await run(desk, "plan", "erase.env.yaml", "--var", "subject=7")
    try await run(desk, "apply", "erase.env.yaml", "--var", "subject=7", "--yes")
    #expect(try await traces(desk) == [])
    #expect(try await desk.value("SELECT count(*) FROM users WHERE id = 7") == "0")
    // As a restore would bring them back.
    let again = try await TestDatabase.current.connect()
    try await again.script(
      """
      INSERT INTO users (id, organization_id, name, first_name, last_name, email, created_at)
        SELECT 7, organization_id, 'Zébulon', 'Zébulon', 'x', 'zébulon@fleet.example', now() FROM users LIMIT 1;
      UPDATE drivers SET user_id = 7, first_name = 'Zébulon' WHERE id = 3;
      """)
    await again.close()
    #expect(try await traces(desk).count > 2)
    try await run(desk, "apply", "replay.env.yaml", "--yes")
    #expect(try await traces(desk) == [])
    try await TemporaryFolder.remove("\(desk.project.folder)/erasures")
    await desk.close()
  }

  @Test("the environments of production are valid as they stand", arguments: ["export", "erase", "replay"])
  func production(kind: String) async throws {
    let more = kind == "export" ? ["--var", "request=1"] : []
    let result = try await runCaisson(
      ["validate", "\(HouseTree.root)/plans/zenfleet/production-\(kind).yaml"] + more, env: Self.secrets)
    #expect(result.exit == 0, "\(result.stderr)")
  }
}

import ChildProcess
import Glibc
import SQLText
import Sandbox
import TestSupport
import Testing

/// plans/zenfleet/export.yaml, erase.yaml and replay.yaml: the command lines of its README, and what they promise.
@Suite(.serialized, .database, .contrib("btree_gist"), .ownTime(.minutes(5))) struct FleetRequestPlanTests {
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
    let result = try await answer(desk, command, environment, more)
    #expect(result.exit == 0, "\(command) \(environment): \(result.stdout)\(result.stderr)")
  }

  private func answer(
    _ desk: PlanDesk, _ command: String, _ environment: String, _ more: [String] = [], on url: String = TestDatabase.current.url
  ) async throws -> (exit: Int32, stdout: String, stderr: String) {
    let words = command.split(separator: " ").map(String.init) + ["\(desk.project.folder)/\(environment)"] + more
    return try await runCaisson(words, env: ["TARGET": url].merging(Self.secrets) { $1 })
  }

  /// Whether the person is anywhere in a dump of all of it.
  private func isAnywhere(_ desk: PlanDesk, _ url: String = TestDatabase.current.url) async throws -> Bool {
    try await desk.dumpHolds(["zébulon", "Zébulon"], of: url)
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

  @Test("a request to be forgotten; a backup from before is restored elsewhere, and after the replay nothing of theirs is left")
  func erase() async throws {
    let desk = try await desk()
    mkdir("\(desk.project.folder)/erasures", 0o700)
    // Somebody else was erased before the backup.
    try await run(desk, "apply", "erase.env.yaml", "--var", "subject=9", "--yes")
    #expect(try await isAnywhere(desk))
    let backup = "\(desk.project.folder)/backup.dump"
    _ = try await desk.program("pg_dump", ["-Fc", "-f", backup, desk.database.url])
    try await run(desk, "plan", "erase.env.yaml", "--var", "subject=7")
    try await run(desk, "apply", "erase.env.yaml", "--var", "subject=7", "--yes")
    #expect(try await !isAnywhere(desk))
    #expect(try await desk.value("SELECT count(*) FROM users WHERE id IN (7, 9)") == "0")

    let name = desk.database.name + "_restored"
    try await desk.database.cluster.sql("CREATE DATABASE \(id: name) TEMPLATE template0")
    let url = desk.database.cluster.target(database: name).secret
    _ = try await desk.program("pg_restore", ["--exit-on-error", "-d", url, backup])
    #expect(try await isAnywhere(desk, url))
    let refused = try await answer(desk, "apply", "replay.env.yaml", ["--yes", "--again"], on: url)
    #expect(refused.exit == 5 && refused.stderr.contains("journal reattach"), "\(refused)")
    let reattached = try await answer(desk, "journal reattach", "replay.env.yaml", ["--reason", "restored", "--yes"], on: url)
    #expect(reattached.exit == 0, "\(reattached)")
    let replayed = try await answer(desk, "apply", "replay.env.yaml", ["--yes", "--again"], on: url)
    #expect(replayed.exit == 0, "\(replayed)")
    #expect(try await !isAnywhere(desk, url))
    let left = "SELECT md5(string_agg(id::text || email, ' ' ORDER BY id)) FROM users"
    #expect(try await desk.database.cluster.sql(.init(verbatim: left), database: name).value == desk.value(left))
    let plan = try await answer(desk, "plan", "replay.env.yaml", on: url)
    #expect(plan.exit == 0 && plan.stdout.contains("nobody of the log's 2 erasures"), "\(plan)")
    let again = try await answer(desk, "apply", "replay.env.yaml", ["--yes", "--again"], on: url)
    #expect(again.exit == 0, "\(again)")
    try await desk.database.cluster.sql("DROP DATABASE \(id: name) WITH (FORCE)")
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

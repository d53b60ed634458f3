import JSONText
import PostgresClient
import TestSupport
import Testing

/// A journal that is not where it was made: copies, renamed targets, newer versions; and one that has grown old.
@Suite(.database(template: Sample.table)) struct ElsewhereTests {
  private static let steps = """
      index: { uses: index.create, with: { table: t, columns: [n] } }
      fill: { uses: data.batch, needs: [index], with: { table: t, set: { n: n + 1 }, where: n = 0, keep_undo: true } }
    """

  /// The same plan in a copy of the database, as environment `copy`.
  private func copied(_ project: Project) async throws -> (database: String, file: String, env: [String: String]) {
    let name = "copy_of_\(project.database.name)", cluster = project.database.cluster
    try await cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(project.database.name)")
    try await cluster.sql("CREATE DATABASE \(id: name) TEMPLATE \(id: project.database.name)")
    try project.write("environment: copy\nplan: plan.yaml\ntarget: ${env:COPY}\n", to: "copy.yaml")
    return (name, "\(project.folder)/copy.yaml", ["COPY": cluster.target(database: name).secret])
  }

  @Test("a copy under another name: every command that writes refuses with the reason and the next command; adopt ends that")
  func copy() async throws {
    let project = try Project(Self.steps)
    #expect(try await project.run("apply", "--until", "index").exit == 0)
    let copy = try await copied(project)
    for command in [
      ["apply", copy.file], ["resume", copy.file], ["rollback", copy.file], ["journal", "check", copy.file],
      ["skip", copy.file, "fill", "--reason", "x"], ["retry", copy.file, "fill", "--reason", "x"],
      ["journal", "prune", copy.file, "--keep", "1d"], ["journal", "reattach", copy.file, "--reason", "x"],
      ["journal", "install", copy.file],
    ] {
      let refused = try await runCaisson(command, env: copy.env)
      #expect(refused.exit == 5, "\(command): \(refused.stdout)\(refused.stderr)")
      #expect(refused.stderr.contains("belongs to the target staging"), "\(refused.stderr)")
      #expect(refused.stderr.contains("next: caisson journal adopt \(copy.file) --as copy --reason"), "\(refused.stderr)")
    }
    #expect(try await runCaisson(["plan", copy.file], env: copy.env).exit == 0)
    let adopt = ["journal", "adopt", copy.file]
    #expect(try await runCaisson(adopt + ["--as", "copy"], env: copy.env).exit == 2)
    #expect(try await runCaisson(adopt + ["--as", "other", "--reason", "x"], env: copy.env).exit == 2)
    let adopted = try await runCaisson(adopt + ["--as", "copy", "--reason", "a test", "--yes", "-o", "json"], env: copy.env)
    #expect(adopted.exit == 0, "\(adopted.stderr)")
    let json = try JSON(parsing: adopted.stdout)
    #expect(json["was"] == "staging" && json["runs"]?.array?.count == 1)
    #expect(try await runCaisson(adopt + ["--reason", "again"], env: copy.env).exit == 5)
    for command in [["apply", copy.file], ["journal", "check", copy.file], ["audit", "verify", copy.file]] {
      let done = try await runCaisson(command, env: copy.env)
      #expect(done.exit == 0, "\(command): \(done.stdout)\(done.stderr)")
    }
    let adoption = try await project.database.cluster.sql(
      "SELECT data ->> 'reason' FROM caisson.event WHERE kind = 'journal.adopted'", database: copy.database)
    #expect(adoption.value == "a test")
    // The original goes its own way.
    #expect(try await project.run("apply").exit == 0)
    try await project.database.cluster.sql("DROP DATABASE \(id: copy.database) WITH (FORCE)")
  }

  @Test("another timeline is refused until somebody reattaches; twice is nothing to do")
  func timeline() async throws {
    let project = try Project(Self.steps)
    #expect(try await project.run("apply", "--until", "index").exit == 0)
    let same = try await project.run("journal reattach", "--reason", "to be sure")
    #expect(same.exit == 0 && same.stdout.contains("nothing to do"), "\(same.stderr)")
    try await project.database.sql("UPDATE caisson.meta SET timeline = 77, system_id = '5'")
    let refused = try await project.run("resume")
    #expect(refused.exit == 5 && refused.stderr.contains("next: caisson journal reattach \(project.file)"), "\(refused.stderr)")
    #expect(try await project.run("journal reattach").exit == 2)
    let adopted = try await project.run("journal adopt", "--reason", "x")
    #expect(adopted.exit == 5 && adopted.stderr.contains("next: caisson journal reattach"), "\(adopted.stderr)")
    #expect(try await project.json("journal reattach", "--reason", "failover")["reattached"] == true)
    #expect(try await project.run("resume").exit == 0)
    #expect(try await project.json("journal check")["sound"] == true)
  }

  /// `schema_version, min_writer`, and what an engine of version 1 may do.
  @Test(
    "an older engine reads a newer journal, and writes it only if the journal says so",
    arguments: [(2, 1, true), (2, 2, false)])
  func versions(schema: Int, writer: Int, mayWrite: Bool) async throws {
    let project = try Project(Self.steps)
    #expect(try await project.run("apply", "--until", "index").exit == 0)
    try await project.database.sql("UPDATE caisson.meta SET schema_version = \(schema), min_writer = \(writer)")
    for command in ["status", "history", "events", "logs", "plan"] {
      let read = try await project.run(command)
      #expect(read.exit == 0, "\(command): \(read.stderr)")
    }
    for command in ["apply", "resume", "journal check", "journal install", "journal upgrade"] {
      let result = try await project.run(command)
      guard mayWrite || result.exit != 5 else {
        #expect(result.stderr.contains("version \(schema)") && result.stderr.contains("newer"), "\(command): \(result.stderr)")
        continue
      }
      // The first apply ends the run; resume has nothing left then.
      #expect(mayWrite, "\(command) wrote: \(result.stdout)")
    }
    #expect(try await project.database.sql("SELECT count(*) FROM t WHERE n = 1").value == (mayWrite ? "1000" : "0"))
  }

  @Test("old runs are listed, then pruned; the last word on each step stays, and the audit still holds")
  func prune() async throws {
    let project = try Project(Self.steps)
    for word in ["1", "2", "3"] {
      let note = "  note: { uses: sql.run, with: { up: COMMENT ON TABLE t IS '\(word)', down: COMMENT ON TABLE t IS NULL } }"
      try project.write("caisson: 1\nplan: shop\nsteps:\n\(Self.steps)\n\(note)\n", to: "plan.yaml")
      #expect(try await project.run("apply").exit == 0)
    }
    let runs = try await project.json("history").array?.count ?? 0
    #expect(runs == 3)
    try await project.database.sql("UPDATE caisson.run SET finished_at = finished_at - interval '100 days'")
    #expect(try await project.run("journal prune").exit == 2)
    #expect(try await project.run("journal prune", "--keep", "soon").exit == 2)
    #expect(try await project.json("journal prune", "--keep", "200d", "--dry-run")["runs"] == [])
    let listed = try await project.json("journal prune", "--keep", "30d", "--dry-run")
    #expect(listed["dry_run"] == true && listed["runs"]?.array?.count == runs - 1)
    #expect(try await project.json("history").array?.count == runs)
    let pruned = try await project.run("journal prune", "--keep", "30d", "--yes")
    #expect(pruned.exit == 0 && pruned.stdout.contains("are gone"), "\(pruned.stdout)\(pruned.stderr)")
    #expect(try await project.json("history").array?.count == 1)
    #expect(try await project.json("audit verify")["sound"] == true)
    #expect(try await project.json("journal check")["sound"] == true)
    #expect(try await project.run("apply").stdout.contains("already applied"))
  }
}

import ChildProcess
import Glibc
import JSONText
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// `caisson rehearse`.
@Suite(.serialized, .database, .ownTime(.minutes(10))) struct RehearseTests {
  /// A role of each test's own: roles belong to the server.
  private static let shop = """
    CREATE TABLE orders (id int PRIMARY KEY, parent int REFERENCES orders, total numeric NOT NULL DEFAULT 0, note text);
    INSERT INTO orders SELECT g, nullif(g / 2, 0), g, repeat('x', 100) FROM generate_series(1, 5000) g;
    CREATE VIEW totals AS SELECT sum(total) FROM orders; COMMENT ON VIEW totals IS 'all of it'; ANALYZE;
    """

  private func project(_ steps: String, more: String = "") async throws -> Project {
    try await TestDatabase.current.script(Self.shop)
    return try Project(steps, more: more)
  }

  /// Runs it with a home of its own, of which nothing may be left.
  private func rehearse(_ project: Project, _ options: [String] = []) async throws -> (exit: Int32, json: JSON, errors: String) {
    try await TemporaryFolder.with(servers: true) { home in
      chmod(home, 0o755)
      let result = try await runCaisson(
        ["rehearse", project.file, "--output", "json"] + options,
        env: ["TARGET": TestDatabase.current.url, "CAISSON_SANDBOX_HOME": home], timeout: .seconds(300))
      #expect(FolderNames.all(in: home) == [])
      return (result.exit, (try? JSON(parsing: result.stdout)) ?? .null, result.stderr)
    }
  }

  private static let good = """
      index: { uses: index.create, with: { table: orders, columns: [total], name: orders_total } }
      note: { uses: sql.run, needs: [index], with: { up: "ALTER TABLE orders ADD COLUMN seen boolean", down: ALTER TABLE orders DROP COLUMN seen } }
    """

  @Test("a plan that goes there and back passes, and the target has not changed")
  func passes() async throws {
    let project = try await project(Self.good)
    let before = try await CatalogText.read()
    let found = try await rehearse(project)
    #expect(found.exit == 0 && found.json["passed"] == .bool(true), "\(found)")
    let parts = found.json["parts"]?.array?.compactMap { $0["name"]?.string }
    #expect(parts == ["clone", "apply", "apply again", "rollback", "apply once more"])
    #expect(try await CatalogText.read() == before)
    #expect(try await TestDatabase.current.sql("SELECT to_regnamespace('caisson') IS NULL").value == "t")
  }

  @Test("a way back that is wrong fails it, and the difference says in what", arguments: [
    ("CREATE INDEX orders_note ON orders (note)", "SELECT 1", "index public.orders_note", "is there and was not"),
    ("DROP VIEW totals", "CREATE VIEW totals AS SELECT sum(total) FROM orders", "view public.totals", "is not what it was"),
    ("ALTER TABLE orders ALTER total DROP DEFAULT", "SELECT 1", "column public.orders.total", "is not what it was"),
    ("CREATE TABLE kept (id int)", "ALTER TABLE kept RENAME TO kept_still", "table public.kept_still", "is there and was not"),
  ])
  func wrong(up: String, down: String, object: String, what: String) async throws {
    let project = try await project("  change: { uses: sql.run, with: { up: \"\(up)\", down: \"\(down)\" } }")
    let found = try await rehearse(project)
    #expect(found.exit == 1 && found.json["after"] == "rollback", "\(found)")
    let differences = found.json["differences"]?.array ?? []
    #expect(differences.contains { $0["object"]?.string == object && $0["what"]?.string == what }, "\(differences)")
  }

  @Test("what has no way back stays with what it needs; the rest is taken back")
  func irreversible() async throws {
    let project = try await project(
      """
        table: { uses: sql.run, with: { up: CREATE TABLE archive (id int), down: DROP TABLE archive } }
        fill: { uses: sql.run, needs: [table], with: { up: INSERT INTO archive SELECT id FROM orders, irreversible: it is history } }
      \(Self.good)
      """, more: "accept_irreversible: [fill]")
    let found = try await rehearse(project)
    #expect(found.exit == 0, "\(found)")
    #expect(found.json["stays"]?.array?.compactMap { $0["step"]?.string } == ["fill", "table"])
  }

  @Test("a step that fails on the clone fails it, gates are named, and the target's journal stays as it is")
  func failing() async throws {
    let project = try await project(
      "  wait: { uses: gate.query, with: { query: SELECT false } }\n  break: { uses: sql.run, needs: [wait], "
        + "with: { up: SELECT 1 / 0, down: SELECT 1 } }", more: "approvals: 2")
    let found = try await rehearse(project)
    #expect(found.exit == 1 && found.json["passed"] == .bool(false), "\(found)")
    let omitted = found.json["not_rehearsed"]?.array?.compactMap { $0["step"]?.string }
    #expect(omitted == ["wait"])
    #expect(found.json["errors"]?.array?.first?["sqlstate"]?.string == "22012")
  }

  @Test("a part of the rows comes with what it refers to", arguments: [["--rows", "7"], ["--sample", "1%"]])
  func sample(options: [String]) async throws {
    let project = try await project(
      """
        few:
          uses: sql.run
          with:
            up: CREATE TABLE counted AS SELECT count(*) AS n FROM orders
            down: DROP TABLE counted
            verify: SELECT n BETWEEN 7 AND 2000 FROM counted
        holds: { uses: sql.run, with: { up: SELECT 1, down: SELECT 1, verify: "SELECT NOT EXISTS (SELECT FROM orders c LEFT JOIN orders p ON p.id = c.parent WHERE c.parent IS NOT NULL AND p.id IS NULL)" } }
      """)
    let found = try await rehearse(project, options)
    #expect(found.exit == 0, "\(found)")
  }

  @Test("a journal of the target remembers it; what the target has behind it is left out")
  func remembered() async throws {
    let project = try await project(Self.good)
    #expect(try await project.run("apply", "--yes", "--until", "index").exit == 0)
    #expect(try await rehearse(project).exit == 5)
    #expect(try await project.run("rollback", "--yes").exit == 0)
    let found = try await rehearse(project)
    #expect(found.exit == 0 && found.json["remembered"] == .bool(true), "\(found)")
    let event = try await TestDatabase.current.sql("SELECT data->>'plan' FROM caisson.event WHERE kind = 'plan.rehearsed'").value
    #expect(event == "shop")
    #expect(try await project.run("apply", "--yes").exit == 0)
    let again = try await rehearse(project)
    #expect(again.exit == 5 && again.errors.contains("nothing is left to rehearse"), "\(again)")
  }

  @Test("of an environment with many targets the one that is named is rehearsed")
  func manyTargets() async throws {
    let project = try await project(Self.good)
    try project.write(
      "environment: production\nplan: plan.yaml\ntargets:\n  eu: ${env:TARGET}\n  us: host=/nowhere dbname=us\n", to: "staging.yaml")
    let which = try await rehearse(project)
    #expect(which.exit == 2 && which.errors.contains("say which with --target"), "\(which)")
    let found = try await rehearse(project, ["--target", "eu"])
    #expect(found.exit == 0, "\(found)")
    let away = try await rehearse(project, ["--target", "us"])
    #expect(away.exit != 0 && away.errors.contains("/nowhere"), "\(away)")
  }

  @Test("killed, it leaves a clone that the next one removes; interrupted, it leaves nothing", arguments: [SIGKILL, SIGINT])
  func ended(signal: Int32) async throws {
    let project = try await project("  slow: { uses: sql.run, with: { up: SELECT pg_sleep(60), down: SELECT 1 } }")
    try await TemporaryFolder.with(servers: true) { home in
      chmod(home, 0o755)
      let running = try project.start("rehearse", env: ["CAISSON_SANDBOX_HOME": home])
      while !running.output.contains("apply …"), kill(running.pid, 0) == 0 { try await Task.sleep(for: .milliseconds(50)) }
      running.signal(signal)
      let exit = await running.wait()
      if signal == SIGKILL {
        #expect(exit == -SIGKILL && FolderNames.all(in: home).count == 2)
        try project.write("caisson: 1\nplan: shop\nsteps:\n\(Self.good)\n", to: "plan.yaml")
        let next = try await project.run("rehearse", env: ["CAISSON_SANDBOX_HOME": home])
        #expect(next.exit == 0 && next.stderr.contains("that died had left"), "\(next)")
      } else {
        #expect(exit == 4, "\(running.output)")
      }
      #expect(FolderNames.all(in: home) == [])
      #expect(Orphans("CAISSON_SANDBOX_HOME", home).alive == [])
    }
  }
}

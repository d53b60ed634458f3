import Catalog
import ChildProcess
import Glibc
import PluginAPI
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// A plan of plans/ in a folder of its own, on its sample in the database of the running test.
struct PlanDesk {
  let project: Project
  let database = TestDatabase.current
  private let session: Connection

  /// `more`: appended to the environment.
  init(_ folder: String, plan: String = "plan.yaml", environment: String = "staging.yaml", scale: String, more: String = "") async throws {
    project = try Project("")
    try Self.copy(folder, plan, environment, more, to: project)
    try Self.copyViews(of: folder, to: project)
    try await SampleDatabases.shared.copy("\(HouseTree.root)/plans/\(folder)/sample.sql", scale: scale, to: database)
    session = try await TestDatabase.current.connect()
  }

  private static func copy(_ folder: String, _ plan: String, _ environment: String, _ more: String, to project: Project) throws {
    try project.write(HouseTree.text("plans/\(folder)/\(plan)"), to: plan)
    let file = HouseTree.text("plans/\(folder)/\(environment)")
    let lines = file.split(separator: "\n").map { $0.hasPrefix("target:") ? "target: ${env:TARGET}" : String($0) }
    try project.write(lines.joined(separator: "\n") + "\n" + more + "\n", to: "staging.yaml")
  }

  /// Another plan of the same system from here on, on the same database.
  func use(_ folder: String, plan: String, environment: String) throws {
    try Self.copy(folder, plan, environment, "", to: project)
  }

  /// The files that the plan names.
  private static func copyViews(of plan: String, to project: Project) throws {
    let files = HouseTree.files(under: "plans/\(plan)/views", ending: ".sql")
    if !files.isEmpty { mkdir("\(project.folder)/views", 0o755) }
    for file in files { try project.write(HouseTree.text(file), to: "views/\(file.split(separator: "/").last ?? "")") }
  }

  /// Changes the plan's text, and back with the result.
  func edit(_ plan: String = "plan.yaml", _ change: (String) -> String) throws {
    try project.write(change(project.text(plan)), to: plan)
  }

  func close() async {
    await session.close()
    try? await TemporaryFolder.remove("\(project.folder)/views")
  }

  /// Applies the plan in a process that dies as soon as so many batches of it are committed.
  func killed(after batches: Int) async throws -> CommandOutput {
    try await Command(
      [CaissonProgram.path("caisson-test"), "apply", project.file],
      additions: ["TARGET": database.url, "CAISSON_TEST_KILL": "chunk:\(batches)"], timeout: .seconds(120)
    ).run()
  }

  // MARK: Backups

  /// A program of the server's, which has to succeed; its output.
  func program(_ name: String, _ arguments: [String]) async throws -> String {
    let output = try await Command(
      [ServerPrograms.find().path(name)] + arguments, timeout: .seconds(120)).run()
    #expect(output.succeeded, "\(name): \(output.errorText)")
    return output.text
  }

  /// Whether any of the values stands in a dump of all of a database, caisson's own schema included.
  func dumpHolds(_ values: [String], of url: String = TestDatabase.current.url) async throws -> Bool {
    let folder = project.folder
    try project.write(values.joined(separator: "\n") + "\n", to: "values.txt")
    _ = try await program("pg_dump", [url, "-f", "\(folder)/dump.sql"])
    let search = try await Command(["grep", "-F", "-c", "-f", "\(folder)/values.txt", "\(folder)/dump.sql"]).run()
    #expect(search.status != .exited(2), "\(search.errorText)")
    return search.text.split(separator: "\n").first != "0"
  }

  // MARK: Questions

  /// The first value, asked in one session.
  func value(_ query: String) async throws -> String? { try await session.query(.init(verbatim: query)).value }

  /// The first column.
  func values(_ query: String) async throws -> [String] {
    try await session.query(.init(verbatim: query)).rows.compactMap { $0[0] }
  }

  /// A line for each relation, trigger and policy of the application, with what a rollback has to give back.
  func catalog() async throws -> Set<String> {
    Set(
      try await values(
        """
        SELECT concat_ws(' ', relkind, c.oid::regclass, relacl, reloptions, relrowsecurity, obj_description(c.oid, 'pg_class'),
          CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) WHEN relkind = 'i' THEN pg_get_indexdef(c.oid) END)
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger t
          JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', tablename, policyname, qual) FROM pg_policies
        """))
  }

  /// Validated, shown, applied, and applied again, which changes nothing.
  func apply() async throws {
    #expect(try await project.run("validate").exit == 0)
    let plan = try await project.run("plan")
    #expect(plan.exit == 0, "\(plan.stdout)\(plan.stderr)")
    let applied = try await project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    let after = try await catalog()
    let again = try await project.run("apply", "--yes")
    #expect(again.exit == 0 && (again.stdout + again.stderr).contains("already applied"), "\(again.stdout)\(again.stderr)")
    #expect(try await catalog() == after)
  }

  /// Rolled back, and everything is as it was.
  func rollBack(to before: Set<String>) async throws {
    let back = try await project.run("rollback", "--yes")
    #expect(back.exit == 0, "\(back.stdout)\(back.stderr)")
    #expect(try await catalog().symmetricDifference(before) == [])
  }

  func run(_ script: String) async throws { _ = try await session.script(script) }

  /// SQLSTATE and constraint of the error that a statement meets; "ok" when it meets none. Nothing stays either way.
  func refusal(_ statement: String, as role: String? = nil) async throws -> String {
    try await run("BEGIN" + (role.map { "; SET LOCAL ROLE \($0)" } ?? ""))
    var said = "ok"
    do {
      try await run(statement)
    } catch let error as PostgresError {
      said = [error.sqlState, error.constraint].compactMap { $0 }.joined(separator: " ")
    }
    try await run("ROLLBACK")
    return said
  }

  /// What a worker does when the next moment of every schedule has come.
  func refresh() async throws {
    let triggered = try await project.run("schedule trigger")
    #expect(triggered.exit == 0, "\(triggered.stderr)")
    let worker = try await project.run("worker", "--once")
    #expect(worker.exit == 0, "\(worker.stdout)\(worker.stderr)")
  }

  /// The first value as a role sees it, with settings of its transaction; the SQLSTATE when it may not.
  func seen(_ query: String, by role: String, _ settings: [String: String] = [:]) async throws -> String? {
    try await run("BEGIN; SET LOCAL ROLE \(role)")
    for (name, value) in settings { try await run("SET LOCAL \(name) = '\(value)'") }
    var seen: String?
    do {
      seen = try await value(query)
    } catch let error as PostgresError {
      seen = error.sqlState
    }
    try await run("ROLLBACK")
    return seen
  }

  func inventories(_ tables: [String]) async throws -> [TableInventory] {
    try await ReadOnlyFacts.with(database) { facts in
      var found: [TableInventory] = []
      for table in tables { found.append(try #require(try await facts.inventory(of: QualifiedName("public", table)))) }
      return found
    }
  }

  /// What is different now, in words.
  func differences(from before: [TableInventory]) async throws -> [String] {
    let now = try await inventories(before.map(\.name.name))
    return zip(before, now).flatMap { $0.difference(to: $1).map(\.description) }
  }

  /// Rows a role sees in each partition of the tables, read one by one, and in what else the swap has made.
  func seen(by role: String, in parents: [String]) async throws -> [String: String] {
    let list = parents.map { "'\($0)'" }.joined(separator: ", ")
    let names = try await session.query(
      .init(verbatim: """
        SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent::regclass::text IN (\(list))
        UNION SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relname ~ '_(guard|old)$'
          AND relnamespace = 'public'::regnamespace
        """)).rows.compactMap { $0[0] }
    var seen: [String: String] = [:]
    for name in names {
      try await run("BEGIN; SET LOCAL ROLE \(role)")
      seen[name] = try? await value("SELECT count(*) FROM \(name)")
      try await run("ROLLBACK")
    }
    return seen
  }
}

extension Project {
  func text(_ name: String) -> String { ServerFiles.read("\(folder)/\(name)") ?? "" }
}

import Glibc
import JSONText
import PostgresClient
import SQLText
import TestSupport
import Testing

private enum People {
  static let tables = """
    CREATE TABLE person (id bigint PRIMARY KEY, name text);
    INSERT INTO person SELECT g, 'name ' || g FROM generate_series(739204110, 739204120) g;
    """
}

/// A request about one person, whose key is nobody's business but the run's.
@Suite(.database(template: People.tables), .ownTime(.minutes(3))) struct PrivateVariableTests {
  private static let value = "739204117"

  private static let plan = """
    caisson: 1
    plan: request
    variables: { request: none }
    private_variables: [subject]
    steps:
      export:
        uses: gdpr.export
        with:
          map: { subject: { table: person, key: id }, tables: [{ table: person, columns: { name: "null" } }] }
          subject: ${subject}
          to: export-${request}
    """

  private func project() throws -> Project {
    let project = try Project(
      "", more: "token_key: ${env:TOKEN_KEY}",
      environment: ["TARGET": TestDatabase.current.url, "TOKEN_KEY": "key of the tokens", "SUBJECT": Self.value])
    try project.write(Self.plan, to: "plan.yaml")
    return project
  }

  /// An export that waits for somebody's lock.
  private func waiting(_ project: Project, _ subject: String) async throws -> (Connection, RunningCaisson) {
    let holder = try await TestDatabase.current.connect()
    try await holder.script("BEGIN; LOCK TABLE person IN ACCESS EXCLUSIVE MODE")
    return (holder, try project.start("apply", "--var", "request=1", "--var", subject, "--yes"))
  }

  private func expectCleanJournal() async throws {
    let database = TestDatabase.current
    let tables = try await database.sql(
      "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'caisson'::regnamespace AND relkind = 'r'").rows
    #expect(tables.count > 5)
    for table in tables.compactMap({ $0[0] }) {
      let count = try await database.sql(
        "SELECT count(*) FROM \(sql: table) x WHERE x::text LIKE '%' || \(Self.value) || '%'").value
      #expect(count == "0", "\(table)")
    }
  }

  @Test("its value is nowhere to be found: not in the journal, what is printed, nor the list of processes")
  func nowhere() async throws {
    let project = try project()
    var seen = ""
    for command in ["validate", "plan"] {
      let result = try await project.run(command, "--var", "subject=\(Self.value)")
      #expect(result.exit == 0, "\(result.stderr)")
      seen += result.stdout + result.stderr
    }
    let sql = try await project.run("plan", "--sql", "--var", "subject=\(Self.value)")
    #expect(sql.exit == 0 && !sql.stdout.contains(Self.value))
    let json = try await project.run("plan", "--output", "json", "--var", "subject=\(Self.value)")
    #expect(json.stdout.contains("${private:subject#"), "\(json.stdout.suffix(3000))")
    let (holder, running) = try await waiting(project, "subject=\(Self.value)")
    try await until { running.commandLine.contains("subject=*********") }
    seen += running.commandLine
    running.signal(SIGINT)
    running.signal(SIGINT)
    await holder.close()
    _ = await running.wait()
    let applied = try await project.run("apply", "--var", "request=1", "--var", "subject=\(Self.value)", "--yes")
    #expect(applied.exit == 0, "\(applied.stderr)")
    seen += running.output + json.stdout + applied.stdout + applied.stderr
    for command in ["status", "events", "logs", "history"] {
      let result = try await project.run(command, "--output", "json")
      #expect(result.exit == 0 && !result.stdout.isEmpty, "\(command): \(result.stderr)")
      seen += result.stdout + result.stderr
    }
    #expect(!seen.contains(Self.value))
    try await expectCleanJournal()
  }

  @Test("a run goes on with the value it was begun with, given as such or by reference, and with no other")
  func resumed() async throws {
    let project = try project()
    mkdir("\(project.folder)/export-1", 0o700)
    let failed = try await project.run("apply", "--var", "request=1", "--var", "subject=\(Self.value)", "--yes")
    #expect(failed.exit == 1 && failed.stderr.contains("is there already"), "\(failed.stderr)")
    #expect(failed.stderr.contains("subject=…") && !failed.stderr.contains(Self.value), "\(failed.stderr)")
    rmdir("\(project.folder)/export-1")
    let without = try await project.run("resume", "--var", "request=1")
    #expect(without.exit == 3 && without.stderr.contains("--var subject=…"), "\(without.stderr)")
    for command in ["resume", "apply"] {
      let other = try await project.run(command, "--var", "request=1", "--var", "subject=739204118")
      #expect(other.exit == 7 && other.stderr.contains("for another value of `subject`"), "\(other.stderr)")
    }
    let resumed = try await project.run("resume", "--var", "request=1", "--var", "subject=${env:SUBJECT}")
    #expect(resumed.exit == 0, "\(resumed.stderr)")
    let next = try await project.run("apply", "--var", "request=2", "--var", "subject=739204118", "--yes")
    #expect(next.exit == 0, "\(next.stderr)")
    for request in [1, 2] {
      for name in FolderNames.all(in: "\(project.folder)/export-\(request)") { unlink("\(project.folder)/export-\(request)/\(name)") }
      rmdir("\(project.folder)/export-\(request)")
    }
    try await expectCleanJournal()
  }

  @Test("nothing runs without a value; what only looks needs none")
  func missing() async throws {
    let project = try project()
    for command in ["plan", "apply", "worker --once"] {
      let result = try await project.run(command)
      #expect(result.exit == 3 && result.stderr.contains("plan.yaml:10:"), "\(command): \(result.stderr)")
    }
    for command in ["validate", "status", "history", "events"] {
      #expect(try await project.run(command).exit == 0, "\(command)")
    }
  }

  private func until(_ isSo: () -> Bool) async throws { #expect(await eventually(isSo)) }
}

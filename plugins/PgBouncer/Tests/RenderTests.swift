import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

@testable import PgBouncer

@Suite("rendered files", .database, .enabled(if: TestPooler.isInstalled, "needs pgbouncer"), .ownTime(.minutes(5)))
struct RenderTests {
  @Test("PgBouncer started from them serves psql and psycopg with SCRAM in transaction mode")
  func served() async throws {
    try await BouncerDesk.with { desk in
      try desk.write(desk.render())
      let said = try await desk.apply()
      #expect(said.contains("logs in to \(desk.database.name) through it"), "\(said)")
      #expect(desk.mode("pgbouncer.ini") == 0o640 && desk.mode("userlist.txt") == 0o600)
      #expect(!desk.file("userlist.txt").contains("same") && desk.file("userlist.txt").contains("SCRAM-SHA-256$"))
      try await desk.bouncer { _ in
        let psql = desk.database.cluster.server.programs.path("psql")
        let asked = try await desk.client([psql, "-XAtc", "SELECT current_user, pg_backend_pid() <> 0"])
        #expect(asked.text == "\(desk.role)|t\n", "\(asked.errorText)")
        #expect(try await desk.config()["pool_mode"] == "transaction")
        let wrong = try await Connection.attempt(desk, password: "wrong")
        #expect(wrong == "08P01")
        try await expectPython(desk)
      }
    }
  }

  /// As its manual says for a transaction pool: nothing prepared.
  private func expectPython(_ desk: BouncerDesk) async throws {
    guard Python.hasDriver else { return }
    let script = """
      import psycopg
      with psycopg.connect("", prepare_threshold=None) as connection:
          for number in range(20):
              row = connection.execute("SELECT %s::int + 1, current_user", (number,)).fetchone()
              assert row[0] == number + 1, row
              connection.commit()
          print(row[1])
      """
    let output = try await desk.client([Python.program, "-c", script])
    #expect(output.text == "\(desk.role)\n", "\(output.errorText)")
  }

  @Test("written again, they are the same to the byte, verifiers included; another password changes its own line alone")
  func deterministic() async throws {
    try await BouncerDesk.with { desk in
      try desk.write(desk.render())
      try await desk.apply()
      let names = ["pgbouncer.ini", "userlist.txt"]
      let first = names.map { desk.file($0) }
      // Another step, of the same files.
      try desk.write(desk.render(["validate": "false"]))
      #expect(try await desk.caisson("plan").text.contains("stays as it is"))
      try desk.write(desk.render())
      try await desk.apply("--again")
      #expect(names.map { desk.file($0) } == first)
      let server = try await desk.database.cluster.sql("SELECT rolpassword FROM pg_authid WHERE rolname = \(desk.role)").value
      let users = desk.file("userlist.txt").split(separator: "\n").map(String.init)
      #expect(users.contains("\"\(desk.role)\" \"\(server ?? "")\""), "the server's own verifier")
      _ = try await runCaisson(
        ["apply", "--again", "--yes", "\(desk.plan)/staging.yaml"], env: desk.environment.merging(["ADMIN_PASSWORD": "new"]) { $1 })
      let changed = desk.file("userlist.txt").split(separator: "\n").map(String.init)
      #expect(changed.count == 2 && changed[0] != users[0] && changed[1] == users[1])
    }
  }

  @Test("a rollback takes the files away, or puts back what was there")
  func rolledBack() async throws {
    try await BouncerDesk.with { desk in
      try desk.write(desk.render())
      try await desk.apply()
      #expect(desk.files.contains("userlist.txt"))
      #expect(try await desk.caisson("rollback", "--yes").exit == 0)
      #expect(desk.files == [])
    }
  }

  @Test("a plan shows what would change in a file that is there, and no password that stands in it")
  func difference() async throws {
    try await BouncerDesk.with { desk in
      try desk.write(desk.render())
      try await desk.apply()
      let old = desk.file("pgbouncer.ini").replacing("pool_mode = transaction", with: "pool_mode = session")
        .replacing("port=", with: "password='sesame' port=")
      let owner = desk.database.cluster.server.owner
      try ServerFiles.write(old, to: "\(desk.pool)/pgbouncer.ini", owner: owner)
      try desk.write(desk.render(["max_client_conn": "900"]))
      let shown = try await desk.caisson("plan")
      #expect(shown.text.contains("- pool_mode = session") && shown.text.contains("+ pool_mode = transaction"), "\(shown.text)")
      #expect(!shown.text.contains("sesame") && shown.text.contains("password=…"))
    }
  }

  @Test("asked by a function instead: PgBouncer learns the verifiers from the server, of this user and of no superuser")
  func lookup() async throws {
    try await BouncerDesk.with { desk in
      let keeper = "keeper_\(desk.database.name)"
      let cluster = desk.database.cluster
      try await cluster.sql("CREATE ROLE \(id: keeper) LOGIN PASSWORD 'keeper'")
      try desk.write(desk.render([
        "users": "{}", "auth": "{ from: query, user: \(keeper), password: \"${env:KEEPER}\" }",
      ]))
      let applied = try await desk.caisson("apply", "--yes", env: ["KEEPER": "keeper"])
      #expect(applied.exit == 0, "\(applied.text)")
      try await desk.database.script(desk.file("auth_query.sql"))
      let path = "SELECT proconfig::text || prosecdef FROM pg_proc WHERE proname = 'user_lookup'" as SQL
      #expect(try await desk.database.sql(path).value == "{\"search_path=pg_catalog, pg_temp\"}true")
      try await desk.bouncer { _ in
        let psql = cluster.server.programs.path("psql")
        let asked = try await desk.client([psql, "-XAtc", "SELECT current_user"])
        #expect(asked.text == "\(desk.role)\n", "\(asked.errorText)")
        let superuser = try await Connection.attempt(desk, user: "postgres", password: cluster.password)
        #expect(superuser == "08P01")
      }
      try await desk.database.sql("DROP SCHEMA pgbouncer CASCADE")
      try await cluster.sql("DROP ROLE \(id: keeper)")
    }
  }
}

extension Connection {
  /// SQLSTATE of a login that is refused; `nil`: it is let in.
  fileprivate static func attempt(_ desk: BouncerDesk, user: String? = nil, password: String) async throws -> String? {
    let own = ["user": user ?? desk.role, "password": password, "dbname": desk.database.name]
    do throws(PostgresError) {
      let client = try await connect(
        ConnectionString("host=127.0.0.1 port=\(desk.port)"), ConnectionSettings(overrides: own))
      await client.close()
      return nil
    } catch {
      return error.sqlState ?? error.severity ?? "\(error.kind)"
    }
  }
}

/// Debian's own, which has Debian's packages.
enum Python {
  static let program = "/usr/bin/python3"
  static let hasDriver = access("/usr/lib/python3/dist-packages/psycopg", F_OK) == 0
}

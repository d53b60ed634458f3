import Journal
import PostgresClient
import RunModel
import SQLText
import TestSupport
import Testing

@Suite(.database) struct InstallerTests {
  private let database = TestDatabase.current

  @Test("installing twice is the same as once")
  func twice() async throws {
    let connection = try await database.connect()
    #expect(try await Installer.install(on: connection, target: "t") == .installed)
    #expect(try await Installer.install(on: connection, target: "t") == .present(version: 1))
    #expect(try await connection.query("SELECT count(*) FROM caisson.event").value == "1")
    #expect(try await JournalCheck.run(on: connection) == [])
  }

  @Test("of many installers at once one installs and all succeed")
  func concurrently() async throws {
    let outcomes = try await withThrowingTaskGroup(of: Installer.Outcome.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let connection = try await database.connect()
          return try await Installer.install(on: connection, target: "t")
        }
      }
      return try await group.reduce(into: [Installer.Outcome]()) { $0.append($1) }
    }
    #expect(outcomes.filter { $0 == .installed }.count == 1)
    #expect(try await database.sql("SELECT count(*) FROM caisson.meta").value == "1")
  }

  @Test("a schema of that name that is no journal is left alone")
  func foreign() async throws {
    try await database.script("CREATE SCHEMA caisson; CREATE TABLE caisson.mine (a int)")
    let connection = try await database.connect()
    let error = await #expect(throws: JournalError.self) { try await Installer.install(on: connection, target: "t") }
    #expect(error?.problem == .foreign)
    #expect(try await database.sql("SELECT count(*) FROM caisson.mine").value == "0")
  }

  @Test("a journal that a newer engine has upgraded is refused, one that is merely newer is not")
  func newer() async throws {
    let connection = try await database.connect()
    try await Installer.install(on: connection, target: "t")
    try await database.sql("UPDATE caisson.meta SET schema_version = 2")
    #expect(try await Installer.install(on: connection, target: "t") == .present(version: 2))
    try await database.sql("UPDATE caisson.meta SET min_writer = 2")
    let error = await #expect(throws: JournalError.self) { try await Installer.require(on: connection) }
    #expect(error?.problem == .newer)
  }

  @Test("a role that may create schemas installs and works without being superuser or creating roles")
  func ordinaryRole() async throws {
    let role = "owner_\(database.name)"
    try await database.script(
      "CREATE ROLE \(role) LOGIN PASSWORD 'x'; GRANT CREATE ON DATABASE \(database.name) TO \(role)")
    let target = database.cluster.networkTarget(user: role, password: "x", database: database.name)
    let fixture = try await JournalFixture(target)
    let run = try await fixture.run("a", "b: a")
    try await fixture.ride(run, "a")
    #expect(try await CloneCheck.run(on: fixture.connection, target: "test") == .same)
    #expect(try await Sealer(fixture.connection).seal() > 0)
    #expect(try await Audit.run(on: fixture.connection).isSound)
    await fixture.connection.close()
    try await database.script("DROP SCHEMA caisson CASCADE; DROP OWNED BY \(role); DROP ROLE \(role)")
  }

  @Test("a role that may not create schemas is told which grant it lacks")
  func notAllowed() async throws {
    let role = "nobody_\(database.name)"
    try await database.script("CREATE ROLE \(role) LOGIN PASSWORD 'x'")
    let connection = try await Connection.connect(
      database.cluster.networkTarget(user: role, password: "x", database: database.name))
    let error = await #expect(throws: JournalError.self) { try await Installer.install(on: connection, target: "t") }
    #expect(error?.problem == .notAllowed)
    #expect(error?.hint.contains("GRANT CREATE ON DATABASE \"\(database.name)\" TO \"\(role)\"") == true)
    await connection.close()
    try await database.script("DROP ROLE \(role)")
  }

  @Test("copied by TEMPLATE, renamed, or in another database, the journal knows")
  func clones() async throws {
    let connection = try await database.connect()
    try await Installer.install(on: connection, target: "t")
    #expect(try await CloneCheck.run(on: connection, target: "t") == .same)
    #expect(try await CloneCheck.run(on: connection, target: "u") == .copy(of: "t", as: "u", differs: []))
    try await connection.query("UPDATE caisson.meta SET timeline = 77")
    #expect(try await CloneCheck.run(on: connection, target: "t") == .newTimeline(recorded: 77, now: 1))
    await connection.close()
    let copy = "copy_\(database.name)"
    try await database.cluster.sql("CREATE DATABASE \(id: copy) TEMPLATE \(id: database.name)")
    let other = try await database.cluster.connect(database: copy)
    guard case .copy(of: "t", as: "u", let differs) = try await CloneCheck.run(on: other, target: "u") else {
      Issue.record("a copy was not noticed")
      return
    }
    #expect(differs == ["another database of that number"])
    await other.close()
    try await database.cluster.sql("DROP DATABASE \(id: copy)")
  }
}

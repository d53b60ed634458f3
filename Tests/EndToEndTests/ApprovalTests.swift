import Glibc
import JSONText
import PostgresClient
import TestSupport
import Testing

/// A run that needs a second person's word.
@Suite(.database(template: Sample.table)) struct ApprovalTests {
  private static let steps = "  log: { uses: sql.run, with: { up: CREATE TABLE log (), down: DROP TABLE log } }"

  @Test("nothing runs before another role has approved exactly this plan; then apply, or a worker, goes on")
  func release() async throws {
    let project = try Project(Self.steps, more: "approvals: 1")
    let second = try await secondPerson(in: project)
    let applied = try await project.run("apply")
    #expect(applied.exit == 5 && applied.stdout.contains("waits for an approval"), "\(applied.stdout)\(applied.stderr)")
    #expect(applied.stdout.contains("caisson approve"))
    let worker = try await project.run("worker", "--once")
    #expect(worker.exit == 0, "\(worker.stderr)")
    #expect(try await project.database.sql("SELECT to_regclass('log') IS NULL").value == "t")

    let status = try await project.run("status")
    #expect(status.stdout.contains("waits for an approval") && status.stdout.contains("approve"), "\(status.stdout)")

    let own = try await project.run("approve", "release", "--reason", "me")
    #expect(own.exit == 5 && own.stderr.contains("has started the run itself"), "\(own.stderr)")
    let unknown = try await project.run("approve", "log", env: second)
    #expect(unknown.exit == 5 && unknown.stderr.contains("nothing waits"), "\(unknown.stderr)")
    let typed = try await project.run("approve", "relaese", env: second)
    #expect(typed.exit == 2 && typed.stderr.contains("release"), "\(typed.stderr)")
    let approved = try await project.run("approve", "release", "--reason", "read it", env: second)
    #expect(approved.exit == 0 && approved.stdout.contains("release is approved"), "\(approved.stdout)\(approved.stderr)")

    let done = try await project.run("worker", "--once")
    #expect(done.exit == 0, "\(done.stderr)")
    #expect(try await project.database.sql("SELECT state FROM caisson.run").value == "succeeded")
    #expect(try await project.json("events").array?.contains { $0["kind"] == "gate.opened" } == true)
    #expect(try await project.json("journal check")["sound"] == true)
  }

  @Test("the server itself refuses a claim under a closed gate, and a vote written by hand is not enough")
  func enforced() async throws {
    let project = try Project(Self.steps, more: "approvals: 2")
    let second = try await secondPerson(in: project)
    _ = try await project.run("apply")
    let approved = try await project.run("approve", "release", env: second)
    #expect(approved.exit == 0 && approved.stdout.contains("1 of 2"), "\(approved.stdout)\(approved.stderr)")
    let twice = try await project.run("approve", "release", env: second)
    #expect(twice.exit == 0 && twice.stdout.contains("1 of 2"), "one role, one vote: \(twice.stdout)")
    try await project.database.script("UPDATE caisson.run SET state = 'running'")
    await #expect(throws: PostgresError.self) {
      try await project.database.sql(
        "SELECT caisson.ride((SELECT run_id FROM caisson.run), 'log', (SELECT runner_id FROM caisson.runner LIMIT 1))")
    }
    let applied = try await project.run("apply")
    #expect(applied.exit == 5, "\(applied.stdout)")
  }

  @Test("an approval is taken back by its giver or another approver, until the run has passed the gate; by nobody else")
  func revoked() async throws {
    let project = try Project(Self.steps, more: "approvals: 1")
    let second = try await secondPerson(in: project), third = try await secondPerson(in: project, "third")
    _ = try await project.run("apply")
    func revoke(_ who: [String: String], _ more: String...) async throws -> (exit: Int32, text: String) {
      let words = ["approve", project.file, "release", "--revoke"] + (more.isEmpty ? ["--reason", "not now"] : more)
      let result = try await runCaisson(words, env: ["TARGET": TestDatabase.current.url].merging(who) { $1 })
      return (result.exit, result.stdout + result.stderr)
    }
    let none = try await revoke(second)
    #expect(none.exit == 5 && none.text.contains("nobody has approved it"), "\(none.text)")
    #expect(try await project.run("approve", "release", env: second).exit == 0)
    let silent = try await revoke(second, "--role", "x")
    #expect(silent.exit == 2 && silent.text.contains("--reason"), "\(silent.text)")
    let other = try await revoke(second, "--reason", "x", "--role", "somebody")
    #expect(other.exit == 5 && other.text.contains("role somebody has not approved it"), "\(other.text)")

    let back = try await revoke(third)
    #expect(back.exit == 0 && back.text.contains("by second_\(project.database.name) is taken back"), "\(back.text)")
    let waits = try await project.run("apply")
    #expect(waits.exit == 5 && waits.stdout.contains("waits for an approval"), "\(waits.stdout)\(waits.stderr)")
    let events = try await project.json("events").array ?? []
    #expect(events.contains { $0["kind"] == "gate.revoked" && $0["db_user"]?.string == "third_\(project.database.name)" })

    #expect(try await project.run("approve", "release", env: second).exit == 0)
    #expect(try await project.run("apply").exit == 0)
    let late = try await revoke(second)
    #expect(late.exit == 5 && late.text.contains("no run waits"), "\(late.text)")
    #expect(try await project.json("audit verify")["sound"] == true)
  }

  /// The variable that makes a command the second person's.
  private func secondPerson(in project: Project, _ name: String = "second") async throws -> [String: String] {
    let installed = try await project.run("journal install", "--roles")
    #expect(installed.exit == 0, "\(installed.stderr)")
    let database = project.database
    let role = "\(name)_\(database.name)"
    try await database.script(
      """
      CREATE ROLE \(role) LOGIN PASSWORD 'their own' IN ROLE caisson_approver
      """)
    return ["TARGET": "postgresql://\(role):their%20own@127.0.0.1:\(database.cluster.port)/\(database.name)"]
  }
}

import Journal
import PostgresClient
import SQLText
import TestSupport
import Testing

@Suite(.database) struct RevocationTests {
  /// Somebody who did not start the run.
  private func approver(_ name: String) async throws -> JournalFixture {
    let database = TestDatabase.current, role = "\(name)_\(TestDatabase.current.name)"
    try await database.script("CREATE ROLE \(role) LOGIN PASSWORD 'x' IN ROLE caisson_approver")
    let target = database.cluster.networkTarget(user: role, password: "x", database: database.name)
    return JournalFixture(over: try await Connection.connect(target))
  }

  private func vote(_ run: String) -> SQL {
    JournalSQL.approve(run: run, gate: "release", plan: "01", actor: "x", reason: nil)
  }

  private func revoke(_ run: String, gate: String = "release", role: String? = nil) -> SQL {
    JournalSQL.revokeApproval(run: run, gate: gate, role: role, actor: "x", reason: "second thoughts")
  }

  @Test("against a claim under way nothing is taken back; after it was taken back nothing is claimed; begun is begun")
  func claims() async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let run = try await fixture.waiting()
    let one = try await approver("one"), other = try await JournalFixture(over: Connection.connect(TestDatabase.current.target))
    #expect(try await one.sql(vote(run)).first?["state"] == "open")
    try await fixture.sql(JournalSQL.setRunState(run, from: [.queued], to: .running, actor: "x"))

    try await other.sql("BEGIN")
    #expect(try await other.claim(run, "a") != nil)
    #expect(try await one.sql(revoke(run)).first?["problem"]?.contains("being begun") == true)
    try await other.sql("ROLLBACK")

    let back = try await one.sql(revoke(run)).first
    #expect(back?["problem"] == nil && back?["state"] == "closed" && back?["given"] == "0")
    #expect(try await other.claim(run, "a") == nil)
    #expect(try await one.sql(vote(run)).first?["state"] == "open")
    #expect(try await other.claim(run, "a") != nil)
    #expect(try await one.sql(revoke(run)).first?["problem"] == "the run has passed it")
    #expect(try await fixture.sql("SELECT state FROM caisson.gate").first?[0] == "open")
    #expect(try await one.sql(revoke(run, gate: "step:a")).isEmpty)
  }

  @Test("of two votes one's own goes; whose, has to be said by somebody who gave none")
  func whose() async throws {
    let fixture = try await JournalFixture()
    try await RoleInstaller().install(on: fixture.connection)
    let run = try await fixture.run("a", "b")
    try await fixture.sql(JournalSQL.requireApproval(plan: "01", target: "test", needed: 2))
    let one = try await approver("one"), two = try await approver("two"), three = try await approver("three")
    _ = try await one.sql(vote(run))
    #expect(try await two.sql(vote(run)).first?["state"] == "open")
    #expect(try await three.sql(revoke(run)).first?["problem"]?.contains("each has a vote of its own") == true)
    let own = try await two.sql(revoke(run)).first
    #expect(own?["given"] == "1" && own?["role"]?.hasPrefix("two_") == true)
    let role = "one_\(TestDatabase.current.name)"
    #expect(try await three.sql(revoke(run, role: role)).first?["given"] == "0")
    #expect(try await fixture.sql("SELECT count(*) FROM caisson.approval").first?[0] == "0")
    try await fixture.expectSound()
  }
}

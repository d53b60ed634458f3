import ChildProcess
import Glibc
import Sandbox
import TestSupport
import Testing

@Suite("gdpr.retention, killed", .database(template: LogSample.tables), .timeLimit(.minutes(5)))
struct RetentionKillTests {
  /// Counts how often each row goes or changes.
  private static let counting = """
    CREATE TABLE changes (id int, old_email text);
    CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO changes VALUES (OLD.id, OLD.email); RETURN NULL; END $$;
    CREATE TRIGGER counted AFTER UPDATE OR DELETE ON plain FOR EACH ROW EXECUTE FUNCTION count_change();
    """

  @Test("killed in the middle of its batches, again and again, it skips no row and does none twice", arguments: [
    "mode: delete", "mode: archive, archive: { table: archive.old }", "mode: anonymize, set: { email: \"NULL\" }",
  ])
  func killed(mode: String) async throws {
    try await TestDatabase.current.script(Self.counting)
    let step = "uses: gdpr.retention, with: { table: plain, key: at, keep: 1 year, batch: 1, triggers: { counted: keep }, \(mode) }"
    let kills = try await kill("apply", step, untilDone: 5)
    #expect(kills >= 3, "killed \(kills) times")
    #expect(try await LogSample.value("SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || max(id) FROM changes") == "100 100 100")
    #expect(try await LogSample.count("plain WHERE id < 1000 AND email IS NOT NULL") == "0")
    #expect(try await LogSample.count("plain WHERE id > 1000") == "10")
    guard mode.contains("archive") else { return }
    #expect(try await LogSample.count("archive.old") == "100")
    _ = try await kill("rollback", step, untilDone: 5)
    #expect(try await LogSample.value("SELECT count(*) || ' ' || count(DISTINCT id) FROM plain") == "110 110")
  }

  /// Starts the command again after each kill, until it ends by itself. How often it was killed.
  private func kill(_ command: String, _ step: String, untilDone limit: Int) async throws -> Int {
    try await TemporaryFolder.with { folder in
      let plan = "caisson: 1\nplan: test\nsteps:\n  s: { \(step) }\n"
      let file = "environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET}\naccept_irreversible: [s]\n"
      try ServerFiles.write(plan, to: "\(folder)/plan.yaml", mode: 0o644, owner: nil)
      try ServerFiles.write(file, to: "\(folder)/staging.yaml", mode: 0o644, owner: nil)
      var kills = 0
      while true {
        let pid = try Command(
          [CaissonProgram.path(), command, "\(folder)/staging.yaml"], additions: ["TARGET": TestDatabase.current.url]
        ).startDetached(log: "\(folder)/log")
        guard let status = try await status(of: pid, killing: kills < limit) else {
          kills += 1
          continue
        }
        #expect(status == 0, "\(command): \(ServerFiles.read("\(folder)/log") ?? "")")
        return kills
      }
    }
  }

  /// `nil`: killed once some batches had been committed.
  private func status(of pid: Int32, killing: Bool) async throws -> Int32? {
    let before = try await batches()
    var status: CInt = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      if killing, try await batches() > before + 3 {
        Glibc.kill(pid, SIGKILL)
        waitpid(pid, &status, 0)
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
      }
      try await Task.sleep(for: .milliseconds(2))
    }
    return (status >> 8) & 0xFF
  }

  private func batches() async throws -> Int {
    guard try await LogSample.value("SELECT to_regclass('caisson.task') IS NOT NULL") == "t" else { return 0 }
    return Int(try await LogSample.value("SELECT sum(chunks) FROM caisson.task WHERE kind = 'chunked'") ?? "0") ?? 0
  }
}

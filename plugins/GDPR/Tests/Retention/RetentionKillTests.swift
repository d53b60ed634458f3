import ChildProcess
import Glibc
import Sandbox
import TestSupport
import Testing

@Suite("gdpr.retention, killed", .database(template: LogSample.tables), .ownTime(.minutes(5)))
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
    let kills = try await kill("apply", step, untilDone: 3)
    #expect(kills == 3, "killed \(kills) times")
    #expect(try await LogSample.value("SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || max(id) FROM changes") == "100 100 100")
    #expect(try await LogSample.count("plain WHERE id < 1000 AND email IS NOT NULL") == "0")
    #expect(try await LogSample.count("plain WHERE id > 1000") == "10")
    guard mode.contains("archive") else { return }
    #expect(try await LogSample.count("archive.old") == "100")
    _ = try await kill("rollback", step, untilDone: 2)
    #expect(try await LogSample.value("SELECT count(*) || ' ' || count(DISTINCT id) FROM plain") == "110 110")
  }

  /// Starts the command again after each kill, after four batches each, until it may end by itself. How often it was killed.
  private func kill(_ command: String, _ step: String, untilDone limit: Int) async throws -> Int {
    try await TemporaryFolder.with { folder in
      let plan = "caisson: 1\nplan: test\nsteps:\n  s: { \(step) }\n"
      let file = "environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET}\naccept_irreversible: [s]\n"
      try ServerFiles.write(plan, to: "\(folder)/plan.yaml", mode: 0o644, owner: nil)
      try ServerFiles.write(file, to: "\(folder)/staging.yaml", mode: 0o644, owner: nil)
      var kills = 0
      while true {
        let output = try await Command(
          [CaissonProgram.path("caisson-test"), command, "\(folder)/staging.yaml"],
          additions: ["TARGET": TestDatabase.current.url, "CAISSON_TEST_KILL": kills < limit ? "chunk:4" : ""],
          timeout: .seconds(120)
        ).run()
        if output.status == .signaled(SIGKILL), !output.timedOut {
          kills += 1
          continue
        }
        #expect(output.succeeded, "\(command): \(output.text)")
        return kills
      }
    }
  }
}

import JSONText
import PostgresClient
import TestSupport
import Testing

/// Schedules from the command line.
@Suite(.database) struct ScheduleTests {
  private static let steps = """
      base: { uses: sql.run, with: { up: CREATE TABLE base (id int), down: DROP TABLE base } }
      tick:
        uses: sql.run
        needs: [base]
        schedule: { cron: "30 3 * * Mon-Fri", zone: Europe/Paris }
        with: { up: INSERT INTO base VALUES (1), down: DELETE FROM base }
    """

  @Test("list before and after apply, pause and resume, trigger; status says what comes next")
  func life() async throws {
    let project = try Project(Self.steps)
    let before = try await project.json("schedule list")
    #expect(before[0]?["step"] == "tick" && before[0]?["registered"] == false)
    let early = try await project.run("schedule trigger", "tick")
    #expect(early.exit == 5, "\(early.stderr)")
    #expect(try await project.run("apply").exit == 0)
    let registered = try await project.json("schedule list")
    #expect(registered[0]?["registered"] == true && registered[0]?["next_at"]?.string?.isEmpty == false)
    #expect(registered[0]?["schedule"]?["zone"] == "Europe/Paris")
    #expect(try await project.run("status").stdout.contains("schedule of tick fires next at"))

    let paused = try await project.run("schedule pause", "--reason", "release day")
    #expect(paused.exit == 0, "\(paused.stderr)")
    #expect(paused.stdout.contains("schedule of tick is paused"), "\(paused.stdout)")
    let list = try await project.run("schedule list")
    #expect(list.stdout.contains("30 3 * * Mon-Fri Europe/Paris"), "\(list.stdout)")
    #expect(list.stdout.contains("release day"), "\(list.stdout)")
    #expect(try await project.json("schedule list")[0]?["paused"]?["reason"] == "release day")
    #expect(try await project.run("status").stdout.contains("schedule of tick is paused by"))
    #expect(try await project.run("schedule pause", "tick", "--reason", "again").stdout.contains("is paused already"))
    #expect(try await project.json("schedule resume", "tick")["schedules"]?[0]?["resumed"] == true)
    #expect(try await project.json("schedule trigger")["schedules"]?[0]?["triggered"] == true)
    #expect(try await project.json("schedule list")[0]?["current"]?["extra"] == true)
    let events = try await project.run("events").stdout
    #expect(events.contains("the schedule is paused: release day"), "\(events)")
    #expect(events.contains("the firing asked for at"), "\(events)")
  }

  @Test("what cannot be done is said with its exit code", arguments: [
    (["schedule", "pause"], ["tick"], 2, "--reason"), (["schedule", "pause"], ["tik", "--reason", "x"], 2, "tick"),
    (["schedule", "resume"], ["base"], 5, "has no schedule"), (["schedule", "resume"], ["tick"], 0, "is not paused"),
  ])
  func refusals(_ command: [String], _ options: [String], _ exit: Int32, _ words: String) async throws {
    let project = try Project(Self.steps)
    #expect(try await project.run("apply").exit == 0)
    let result = try await runCaisson(
      command + [project.file] + options, env: ["TARGET": TestDatabase.current.url])
    #expect(result.exit == exit, "\(result.stderr)")
    #expect((result.stdout + result.stderr).contains(words), "\(result.stdout)\(result.stderr)")
  }
}

import JSONText
import PlanModel
import PlanSchema
import Testing

@Suite struct ScheduleTests {
  private static func load(_ schedule: String, overlay: String = "") throws -> ResolvedPlan {
    let plan = """
      caisson: 1
      plan: p
      variables: { hour: 3 }
      steps:
        a: { uses: sql.run, with: { up: "SELECT ${hour}" }\(schedule.isEmpty ? "" : ", schedule: \(schedule)") }
      """
    let change = overlay.isEmpty ? "" : "steps: { a: { schedule: \(overlay) } }\n"
    let environment = "environment: e\ntarget: sandbox\n" + change
    let files = MemoryFiles(["plan.yaml": Array(plan.utf8), "e.yaml": Array(environment.utf8)])
    return try PlanLoader(ToySteps.registry, files: files).load(PlanRequest(path: "e.yaml"))
  }

  @Test("a schedule is read with its defaults, and an environment changes or removes it", arguments: [
    (#"{ cron: "30  3 * * Mon-Fri", zone: Europe/Paris }"#, "", "30 3 * * Mon-Fri Europe/Paris skip latest"),
    (#"{ cron: "0 ${hour} * * *", zone: UTC, catch_up: all }"#, "", "0 3 * * * UTC skip all"),
    ("{ every: 15min, overlap: queue, catch_up: none }", "", "every 15min queue none"),
    (#"{ cron: "@daily", zone: UTC }"#, "none", "none"), ("none", "", "none"), ("", "", "none"),
    ("", "{ every: 1h }", "every 1h skip latest"),
    (#"{ cron: "@daily", zone: UTC, overlap: queue }"#, "{ every: 1h }", "every 1h queue latest"),
    ("{ every: 1h }", #"{ cron: "@daily", zone: UTC }"#, "@daily UTC skip latest"),
    (#"{ cron: "@daily", zone: UTC }"#, "{ zone: Asia/Tokyo, catch_up: none }", "@daily Asia/Tokyo skip none"),
  ])
  func reading(_ schedule: String, _ overlay: String, _ expected: String) throws {
    let found = try Self.load(schedule, overlay: overlay).plan["a"]?.schedule
    let text = found.map { "\($0.timing) \($0.overlap.rawValue) \($0.catchUp.rawValue)" } ?? "none"
    #expect(text == expected)
  }

  @Test("a schedule is part of the plan's hash and not of the step's spec; the journal's plan has it still")
  func hashes() throws {
    let without = try Self.load(""), none = try Self.load("none"), hourly = try Self.load("{ every: 1h }")
    let daily = try Self.load("{ every: 24h, catch_up: all }")
    #expect(without.planHash == none.planHash)
    #expect(Set([without.planHash, hourly.planHash, daily.planHash]).count == 3)
    #expect(Set([without, hourly, daily].map { $0.plan["a"]?.specHash }).count == 1)
    let again = try ResolvedPlan(frozen: try JSON(parsing: daily.json.canonical), releaseHash: daily.releaseHash)
    #expect(again.planHash == daily.planHash)
    #expect(again.plan["a"]?.schedule == daily.plan["a"]?.schedule)
    #expect(try JSON(parsing: daily.json.canonical)["steps"]?["a"]?["schedule"]?["catch_up"] == "all")
  }

  @Test("the schema has the schedule's keys")
  func schema() {
    let step = LanguageSchema.json(ToySteps.registry)["$defs"]?["step"]?["properties"]?["schedule"]
    let keys = step?["anyOf"]?.array?.last?["properties"]?.object?.members.map(\.key)
    #expect(keys == ["cron", "zone", "every", "overlap", "catch_up"])
  }
}

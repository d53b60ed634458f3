import BuiltinPlugins
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import Rollout
import Testing

@Suite struct RolloutLoaderTests {
  private static let plan = "caisson: 1\nplan: shop\nsteps:\n  one: { uses: sql.run, with: { up: SELECT 1 } }\n"
  private static let staging = "environment: staging\ntarget: sandbox\n"
  private static let production = "environment: production\ntargets: { eu: \"sandbox:eu\", us: \"sandbox:us\", ap: \"sandbox:ap\" }\n"

  private static func load(_ stages: String, more: [String: String] = [:]) throws -> StagedRollout {
    let files = [
      "d/plan.yaml": plan, "d/staging.yaml": staging, "d/production.yaml": production,
      "d/rollout.yaml": stages.hasPrefix("caisson") ? stages : "caisson: 1\nrollout: shop\nstages:\n\(stages)",
    ].merging(more) { $1 }
    return try RolloutLoader(.builtin, files: MemoryFiles(files.mapValues { Array($0.utf8) }))
      .load(PlanRequest(path: "d/rollout.yaml"))
  }

  private static let standard = """
      - environment: staging.yaml
      - environment: production.yaml
        waves: [1, 100%]
        parallel: 2
        max_failures: 1
        on_failure: abort
    """

  @Test("stages are resolved beside the rollout's file, with all their targets in waves")
  func stages() throws {
    let rollout = try Self.load(Self.standard)
    #expect(rollout.plan == "shop" && rollout.targetCount == 4)
    #expect(rollout.stages.map(\.name) == ["staging", "production"])
    let production = try #require(rollout[stage: "production"])
    #expect(production.targets.map(\.environment.targetName) == ["production:eu", "production:us", "production:ap"])
    #expect(production.waves == [0..<1, 1..<3] && production.wave(of: 2) == 2)
    #expect(production.parallel == 2 && production.maxFailures == 1 && production.onFailure == .abort)
    #expect(rollout.stages[0].waves == [0..<1] && rollout.stages[0].onFailure == .hold)
  }

  @Test("every mistake of the rollout and of its environments is said at once, each in its place", arguments: [
    ("  - enviroment: staging.yaml\n", ["d/rollout.yaml:4:5 key.unknown ~ environment", "d/rollout.yaml:4:5 key.missing"]),
    ("  - environment: stagin.yaml\n", ["d/rollout.yaml:4:18 file.missing"]),
    (
      "  - environment: staging.yaml\n    on_failure: abrot\n    wave: [1]\n",
      ["d/rollout.yaml:5:17 value.unknown ~ abort", "d/rollout.yaml:6:5 key.unknown ~ waves"]
    ),
    (
      "  - environment: production.yaml\n    waves: [2, 1, 2]\n    max_failures: -1\n    parallel: 0\n",
      ["d/rollout.yaml:6:19 value.range", "d/rollout.yaml:7:15 value.range"]
    ),
    (
      "  - environment: production.yaml\n    waves: [2, 1, 2]\n",
      ["d/rollout.yaml:5:16 wave.order", "d/rollout.yaml:5:19 wave.rest"]
    ),
    ("  - environment: staging.yaml\n  - environment: staging.yaml\n", ["d/rollout.yaml:5:18 stage.twice"]),
    ("  - environment: broken.yaml\n  - environment: other.yaml\n", [
      "d/broken.yaml:2:1 key.unknown ~ target", "d/broken.yaml:1:1 key.missing", "d/other.yaml:2:9 target.form ~ sandbox",
    ]),
    ("caisson: 2\nrollout: shop\nstages: []\n", ["d/rollout.yaml:1:10 rollout.version", "d/rollout.yaml:3:9 rollout.empty"]),
    ("caisson: 1\nplan: shop\nsteps: {}\n", ["d/rollout.yaml:1:1 rollout.required"]),
  ] as [(String, [String])])
  func mistakes(text: String, expected: [String]) {
    let more = [
      "d/broken.yaml": "environment: broken\ntargte: sandbox\n", "d/other.yaml": "environment: other\ntarget: sandbax\n",
    ]
    let error = #expect(throws: InvalidInput.self) { try Self.load(text, more: more) }
    let said = error?.diagnostics.errors.map { "\($0.range) \($0.code)" + ($0.didYouMean.map { " ~ \($0)" } ?? "") }
    #expect(Set(said ?? []) == Set(expected), "\(error?.description ?? "")")
  }

  @Test("stages of two releases are refused, with what differs")
  func releases() {
    let later = Self.plan.replacing("SELECT 1", with: "SELECT 2")
    let more = ["d/later.yaml": later, "d/production.yaml": Self.production + "plan: later.yaml\n"]
    let error = #expect(throws: InvalidInput.self) { try Self.load(Self.standard, more: more) }
    #expect(error?.diagnostics.errors.map(\.code) == ["rollout.release"])
    #expect(error?.description.contains("~ plan.steps.one.with.up: \"SELECT 1\" → \"SELECT 2\"") == true, "\(error?.description ?? "")")
  }

  @Test("the schema has every key of a rollout and of a stage")
  func schema() {
    let properties = RolloutSchema.json["properties"]
    #expect(properties?["caisson"]?["const"] == 1)
    let stage = properties?["stages"]?["anyOf"]?.array?.first?["items"]
    for key in ["environment", "waves", "parallel", "max_failures", "on_failure"] { #expect(stage?["properties"]?[key] != nil) }
    let all = RolloutSchema.added(to: LanguageSchema.json(.builtin))
    #expect(all["anyOf"]?.array?.count == 3 && all["$defs"]?["rollout"] != nil)
  }
}

import JSONText
import PlanModel
import PlanSchema
import Testing

@Suite struct HashTests {
  private func replacing(_ text: String, _ old: String, _ new: String) -> String {
    text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }

  @Test("what does not change the work does not change the plan's hash")
  func stable() throws {
    let original = try LoadingTests.load()
    var plan = replacing(LoadingTests.plan, "Room to grow", "Other words")
    plan = "# a comment\n" + replacing(plan, "workers: 2", "workers:   2")
    #expect(try LoadingTests.load(plan: plan).planHash == original.planHash)
    let reordered = """
      caisson: 1
      plan: p
      steps:
        b: { with: { up: SELECT 2 }, uses: sql.run }
        a: { uses: sql.run, with: { up: SELECT 1 } }
      """
    let ordered = """
      caisson: 1
      plan: p
      steps:
        a: { uses: sql.run, with: { up: SELECT 1 } }
        b: { uses: sql.run, with: { up: "SELECT 2" } }
      """
    #expect(
      try LoadingTests.load(LoadingTests.staging, plan: reordered).planHash
        == LoadingTests.load(LoadingTests.staging, plan: ordered).planHash)
  }

  @Test(
    "what changes the work changes the hash, referenced files included",
    arguments: [
      ("7 years", "8 years"), ("columns: [id]", "columns: [id, at]"), ("250ms", "251ms"),
      ("needs: [indexes]", "needs: []"),
      ("plan: zenfleet", "plan: other"),
    ])
  func sensitive(_ old: String, _ new: String) throws {
    let original = try LoadingTests.load(LoadingTests.staging)
    let changed = try LoadingTests.load(LoadingTests.staging, plan: replacing(LoadingTests.plan, old, new))
    #expect(changed.planHash != original.planHash)
    #expect(changed.releaseHash != original.releaseHash)
  }

  @Test("a referenced file's content is part of both hashes")
  func files() throws {
    let original = try LoadingTests.load()
    let changed = try LoadingTests.load(query: "SELECT 2")
    #expect(changed.planHash != original.planHash)
    #expect(changed.releaseHash != original.releaseHash)
    #expect(PlanDifference.lines(old: original.json, new: changed.json).count == 1)
  }

  @Test("environments share the release's hash, not the plan's")
  func release() throws {
    let staging = try LoadingTests.load(LoadingTests.staging)
    let production = try LoadingTests.load()
    #expect(staging.releaseHash == production.releaseHash)
    #expect(staging.planHash != production.planHash)
  }

  @Test("what is required of another environment is in the plan's hash whole, and in the release's not at all", arguments: [
    "environment: dev", "soak: 2h", "from: service=dev", "trust: []", "allow_difference: []", "max_age: 29 days",
  ])
  func requirement(changed part: String) throws {
    let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    let whole = "environment: uat, soak: 1h, from: service=uat, trust: ['\(key)'], allow_difference: [last.up], max_age: 30 days"
    let name = part.prefix { $0 != ":" }
    let parts = whole.split(separator: ", ").map { $0.hasPrefix(name) ? part : String($0) }
    func load(_ text: String) throws -> ResolvedPlan {
      try LoadingTests.load(LoadingTests.staging + "\nrequires: { \(text) }\nsigning_key: ${env:NOT_HERE}\n")
    }
    let original = try load(whole), other = try load(parts.joined(separator: ", "))
    #expect(original.planHash != other.planHash)
    #expect(original.releaseHash == other.releaseHash)
    #expect(try LoadingTests.load(LoadingTests.staging).releaseHash == original.releaseHash)
    let again = try ResolvedPlan(frozen: try JSON(parsing: original.json.canonical), releaseHash: "")
    #expect(again.environment.requires == original.environment.requires && again.planHash == original.planHash)
  }

  @Test("what the journal keeps reads back to the same plan")
  func frozen() throws {
    let original = try LoadingTests.load()
    let again = try ResolvedPlan(frozen: try JSON(parsing: original.json.canonical), releaseHash: original.releaseHash)
    #expect(again.planHash == original.planHash)
    #expect(again.environment == original.environment)
    #expect(
      again.plan.steps.map(\.json).map(\.canonical).sorted()
        == original.plan.steps.map(\.json).map(\.canonical).sorted())
    #expect(again.plan["indexes[1]"]?.policy == original.plan["indexes[1]"]?.policy)
    let step = try #require(again.plan["indexes[1]"])
    #expect(try ToyIndex.Parameters.read(json: step.withJSON).workers == 4)
  }

  @Test(
    "a damaged frozen plan is refused",
    arguments: [
      "{}", #"{"canonical": 2}"#, #"{"canonical": 1, "plan": "p", "environment": {}, "steps": {}}"#,
      #"{"canonical": 1, "plan": "p", "environment": {"environment": "e", "target": "sandbox"}, "steps": {"a": {}}}"#,
    ])
  func damaged(_ text: String) throws {
    let json = try JSON(parsing: text)
    #expect(throws: InvalidInput.self) { try ResolvedPlan(frozen: json, releaseHash: "") }
  }

  @Test("a spec's hash leaves policy and order out: carried-over steps are compared by it")
  func spec() throws {
    let original = try LoadingTests.load()
    let policy = try LoadingTests.load(plan: replacing(LoadingTests.plan, "250ms", "1s"))
    let workers = try LoadingTests.load(variables: [("workers", "3")])
    #expect(original.plan["last"]?.specHash == policy.plan["last"]?.specHash)
    #expect(original.plan["last"]?.specHash != workers.plan["last"]?.specHash)
  }

  @Test("differences are lines with a path, the old and the new")
  func difference() {
    let old: JSON = ["a": 1, "b": ["c": [1, 2], "gone": true], "same": "x"]
    let new: JSON = ["a": 2, "b": ["c": [1, 3], "new": "y"], "same": "x"]
    #expect(
      PlanDifference.lines(old: old, new: new) == [
        "~ a: 1 → 2", "~ b.c[2]: 2 → 3", "- b.gone: true", "+ b.new: \"y\"",
      ])
    #expect(PlanDifference.lines(old: old, new: old).isEmpty)
  }
}

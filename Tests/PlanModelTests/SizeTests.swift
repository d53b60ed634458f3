import PlanModel
import PlanSchema
import Testing

/// Large inputs end soon: each of these took minutes or gigabytes where something grew with the square.
@Suite struct SizeTests {
  private func diagnostics(_ environment: String, _ plan: String) -> Diagnostics? {
    do {
      _ = try LoadingTests.load(environment, plan: plan)
      return nil
    } catch {
      return (error as? InvalidInput)?.diagnostics
    }
  }

  @Test("thousands of unknown names against thousands of known ones")
  func names() throws {
    var plan = "caisson: 1\nplan: p\nvariables:\n"
    for place in 0..<6_000 { plan += "  variable_\(place): 1\n" }
    plan += "steps:\n  a:\n    uses: sql.run\n    with:\n      extra:\n"
    for place in 0..<6_000 { plan += "        - ${varable_\(place)}\n" }
    var environment = "environment: e\ntarget: sandbox\nvariables:\n"
    for place in 0..<6_000 { environment += "  vaiable_\(place): 1\n" }
    let found = try #require(diagnostics(environment, plan))
    #expect(found.dropped > 15_000)
    #expect(found.items.count == 500)
  }

  @Test("a step that needs the same thousand steps thousands of times")
  func needs() throws {
    let items = (0..<900).map(String.init).joined(separator: ", ")
    let needs = [String](repeating: "many", count: 6_000).joined(separator: ", ")
    let plan = """
      caisson: 1
      plan: p
      steps:
        many: { uses: sql.run, for_each: [\(items)], with: { up: "SELECT ${each}" } }
        last: { uses: sql.run, needs: [\(needs)] }
      """
    #expect(try LoadingTests.load(LoadingTests.staging, plan: plan).plan["last"]?.needs.count == 900)
  }

  @Test("a large body for each of a thousand items stops at the limit")
  func bodies() throws {
    let items = (0..<1000).map(String.init).joined(separator: ", ")
    let body = [String](repeating: "1", count: 20_000).joined(separator: ", ")
    let plan = """
      caisson: 1
      plan: p
      steps:
        many: { uses: sql.run, for_each: [\(items)], with: { up: "SELECT ${each}", extra: [\(body)] } }
      """
    let found = try #require(diagnostics(LoadingTests.staging, plan))
    #expect(found.items.map(\.code) == ["plan.too_large"])
  }

  @Test("an overlay of thousands of keys over thousands of keys")
  func overlays() throws {
    let keys = (0..<6_000).map { "k\($0): 1" }.joined(separator: ", ")
    let plan = "caisson: 1\nplan: p\nsteps:\n  a: { uses: sql.run, with: { extra: {\(keys)} } }"
    let environment = "environment: e\ntarget: sandbox\nsteps:\n  a: { with: { extra: {\(keys)} } }"
    #expect(try LoadingTests.load(environment, plan: plan).plan.steps.count == 1)
  }
}

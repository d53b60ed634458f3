import JSONText
import PlanModel
import PlanSchema
import Testing

@Suite struct TargetTests {
  private static let many = """
    environment: production
    targets: { eu: "${env:DATABASE_URL}", us: "${env:US_URL}" }
    session_targets: { us: service=direct }
    variables: { keep: 10 years }
    """

  private static func load(
    _ environment: String = many, target: String? = nil, checksSecrets: Bool = false
  ) throws -> [ResolvedPlan] {
    let files = ["e.yaml": environment, "plan.yaml": LoadingTests.plan, "query.sql": "SELECT 1"]
    let memory = MemoryFiles(files.mapValues { Array($0.utf8) }, environment: CorpusCase.environment)
    return try PlanLoader(ToySteps.registry, files: memory)
      .loadTargets(PlanRequest(path: "e.yaml", target: target, checksSecrets: checksSecrets))
  }

  @Test("an environment with many databases is resolved for each, in the order of the file")
  func each() throws {
    let all = try Self.load()
    #expect(all.map(\.environment.targetName) == ["production:eu", "production:us"])
    #expect(all.map(\.environment.name) == ["production", "production"])
    #expect(all.map(\.environment.sessionTarget?.description) == [nil, "service=direct"])
    #expect(try LoadingTests.load().environment.targetName == "production")
  }

  @Test("each database has a plan hash of its own, which another one beside it does not change; the release is one")
  func hashes() throws {
    let all = try Self.load()
    #expect(Set(all.map(\.planHash)).count == 2 && Set(all.map(\.releaseHash)).count == 1)
    let more = Self.many.replacingOccurrence(of: "us: \"${env:US_URL}\" }", with: "us: \"${env:US_URL}\", ap: service=ap }")
    let later = try Self.load(more)
    #expect(later.count == 3 && later[..<2].map(\.planHash) == all.map(\.planHash))
  }

  @Test("what the journal froze of one of many is read back as that one")
  func frozen() throws {
    let us = try Self.load()[1]
    let read = try ResolvedPlan(frozen: us.json, releaseHash: us.releaseHash)
    #expect(read.environment.targetName == "production:us" && read.planHash == us.planHash)
    #expect(read.environment.sessionTarget == us.environment.sessionTarget)
  }

  @Test("one database is asked for by its name, and what the others need is not needed")
  func chosen() throws {
    func load(_ target: String?, checksSecrets: Bool = true) throws -> ResolvedPlan {
      let files = ["e.yaml": Self.many, "plan.yaml": LoadingTests.plan, "query.sql": "SELECT 1"]
      let memory = MemoryFiles(files.mapValues { Array($0.utf8) }, environment: CorpusCase.environment)
      return try PlanLoader(ToySteps.registry, files: memory)
        .load(PlanRequest(path: "e.yaml", target: target, checksSecrets: checksSecrets))
    }
    #expect(try load("eu").environment.targetName == "production:eu")
    #expect(throws: InvalidInput.self) { try load("us") }
    for (target, code, meant) in [(nil, "target.required", nil), ("eux", "target.unknown", "eu")] as [(String?, String, String?)] {
      let error = #expect(throws: InvalidInput.self) { try load(target, checksSecrets: false) }
      #expect(error?.diagnostics.errors.map(\.code) == [code] && error?.diagnostics.errors.first?.didYouMean == meant)
    }
  }
}

extension String {
  fileprivate func replacingOccurrence(of text: String, with other: String) -> String {
    guard let range = firstRange(of: text) else { return self }
    return String(self[..<range.lowerBound]) + other + self[range.upperBound...]
  }
}

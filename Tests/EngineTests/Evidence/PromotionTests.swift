import BuiltinPlugins
import Digest
import Engine
import JSONText
import PlanModel
import PluginAPI
import RunModel
import Testing

/// Every production under plans/ against what a run of its staging would leave.
@Suite struct PromotionTests {
  private static let root = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })

  /// Not those of one person's request, which staging does not know, and not the poolers', whose files are each host's own.
  static let productions = [
    "boosterz/production.yaml", "boosterz/production-cleanup.yaml", "drain-fortin/production.yaml",
    "phase4/production.yaml", "zenfleet/production.yaml", "zenfleet/production-fleet.yaml",
    "zenfleet/production-partitions.yaml", "zenfleet/production-views.yaml", "zenfleet/production-anonymise.yaml",
    "zenfleet/production-retention.yaml",
  ]

  private func load(_ file: String) throws -> ResolvedPlan {
    try #require(
      try PlanLoader(.builtin).loadTargets(PlanRequest(path: "\(Self.root)/plans/\(file)", checksSecrets: false)).first)
  }

  private func staging(of production: String) throws -> ResolvedPlan {
    try load(production.replacing("-fleet", with: "").replacing("production", with: "staging"))
  }

  /// What a run of all of the plan leaves.
  private func evidence(of resolved: ResolvedPlan) throws -> Evidence {
    var steps = JSONObject()
    for step in resolved.plan.steps {
      let here = EvidenceDemand.Step(step, .builtin)
      var proof = JSONObject([
        ("uses", .string(step.uses)), ("spec", here.shape.withoutTuning(here.spec)), ("spec_hash", "-"),
        ("outcome", step.skip == nil ? "executed" : "skipped"), ("needs", .array(here.needs.map(JSON.string))),
        ("files", .object(JSONObject(here.files.map { ($0.key, JSON.string($0.value)) }))),
      ])
      proof["schedule"] = here.schedule
      steps[step.id] = .object(proof)
    }
    var body = try #require(EvidenceBody.whole.object)
    body["plan"] = .string(resolved.plan.name)
    body["release_hash"] = .string(resolved.releaseHash)
    body["environment"] = .string(resolved.environment.name)
    body["steps"] = .object(steps)
    return try Evidence(body: .object(body))
  }

  @Test("it asks for evidence of its staging, and a run of that staging is what it asks for; with a step less it is not",
    arguments: productions)
  func promoted(_ file: String) throws {
    let production = try load(file), staging = try staging(of: file)
    let requirement = try #require(production.environment.requires)
    #expect(requirement.from.description == staging.environment.target.description)
    #expect(requirement.soak > .zero)
    let steps = production.plan.steps.filter { $0.skip == nil }
    let demand = EvidenceDemand(
      plan: production.plan.name, releaseHash: production.releaseHash,
      steps: steps.map { EvidenceDemand.Step($0, .builtin) }, environment: requirement.environment,
      soak: requirement.soak.duration, maxAge: requirement.maxAge.duration, allowed: requirement.allowDifference,
      identity: .init(journal: "jp", system: "1", databaseNumber: 6, database: "p"), target: "production")
    let judgement = EvidenceJudgement(demand, usedBy: [])
    let offer = EvidenceOffer(try evidence(of: staging), runState: .succeeded, isSameServer: true)
    let later = offer.evidence.finishedAt + .seconds(3_600)
    guard case .open = judgement.judge(offer, now: later) else {
      return _ = Issue.record("\(judgement.judge(offer, now: later))")
    }
    let first = try #require(steps.first)
    var less = try #require(offer.evidence.body.object), fewer = try #require(less["steps"]?.object)
    fewer[first.id] = nil
    less["steps"] = .object(fewer)
    let refused = judgement.judge(EvidenceOffer(try Evidence(body: .object(less)), isSameServer: true), now: later)
    guard case .closed(let refusal) = refused else { return _ = Issue.record("admitted") }
    #expect(refusal.cause == .step)
  }
}

private enum EvidenceBody {
  static let whole: JSON = [
    "caisson_evidence": 1, "id": "e1", "run": "aaaaaaaa-1", "plan_hash": "p1", "target": "staging",
    "identity": ["journal_id": "js", "system_id": "1", "database_oid": 5, "database": "s"],
    "engine_version": "0.1.0", "plugins": [:], "server_version": 150_020,
    "started_at": "2026-03-01T00:00:00.000000Z", "finished_at": "2026-03-01T01:00:00.000000Z", "rollback_rehearsed": true,
  ]
}

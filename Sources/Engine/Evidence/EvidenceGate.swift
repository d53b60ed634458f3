import Journal
import PlanModel
import PostgresClient
import PluginAPI
import RunModel
import Synchronization

/// Asks, at the beginning of a run and of each resume, for what the environment requires to be proven elsewhere.
final class EvidenceGate: Sendable {
  /// What was found, and what is to be said of it.
  struct Answer: Sendable {
    /// What admits the run; `nil`: nothing does, or nothing is needed.
    var admitting: SignedEvidence?
    var notes: [String] = []
    var refusal: EvidenceRefusal?
    /// What can be believed, whether it admits the run or not: it was measured.
    var measured: [Evidence] = []
  }

  let requirement: EvidenceRequirement
  let resolved: ResolvedPlan
  let registry: StepRegistry
  let target: Target
  private let passed = Mutex(false)

  init(requirement: EvidenceRequirement, resolved: ResolvedPlan, registry: StepRegistry, target: Target) {
    self.requirement = requirement
    self.resolved = resolved
    self.registry = registry
    self.target = target
  }

  /// This process's run was let begin, or go on: it is not asked again before each step.
  var isPassed: Bool { passed.withLock { $0 } }

  func pass() { passed.withLock { $0 = true } }

  /// `steps`: what will really be run. `run`: the one that waits; `nil`: there is none yet.
  func ask(for steps: [PlanStep], run: String?) async throws -> Answer {
    if steps.isEmpty { return Answer() }
    let (here, accepted) = try await local()
    let own = run.flatMap { run in accepted.last { $0.admits == run } }
    let search = EvidenceSearch(requirement: requirement, resolved: resolved, address: target.address, here: here)
    let judgement = EvidenceJudgement(demand(steps, run, here), usedBy: accepted.compactMap(Self.use))
    var found: [EvidenceFinding]
    do {
      found = try await search.find(acceptedRun: own?.run)
    } catch let refusal as EvidenceRefusal {
      guard let own else { return Answer(refusal: refusal) }
      found = [try Self.kept(own)]
    }
    if let own, !found.contains(where: { $0.signed.evidence.id == own.id }) { found.insert(try Self.kept(own), at: 0) }
    var answer = best(found, judgement, here.now)
    answer.measured = found.filter { judgement.believes($0.offer) }.flatMap { [$0.signed.evidence] + $0.earlier }
    return answer
  }

  private func best(_ found: [EvidenceFinding], _ judgement: EvidenceJudgement, _ now: Moment) -> Answer {
    var last = Answer()
    for finding in found {
      switch judgement.judge(finding.offer, now: finding.now ?? now) {
      case .open(let notes): return Answer(admitting: finding.signed, notes: notes)
      case .closed(let refusal): last = Answer(refusal: refusal)
      }
    }
    return last
  }

  // MARK: Here

  private func local() async throws -> (EvidenceGround, [EvidenceRecord]) {
    try await target.lending { connection in
      let hasJournal = try await Installer.version(on: connection) != nil
      let ground = try await EvidenceGround(on: connection, hasJournal: hasJournal)
      return (ground, hasJournal ? try await JournalReader(connection).acceptedEvidence() : [])
    }
  }

  private func demand(_ steps: [PlanStep], _ run: String?, _ here: EvidenceGround) -> EvidenceDemand {
    EvidenceDemand(
      plan: resolved.plan.name, releaseHash: resolved.releaseHash,
      steps: steps.map { EvidenceDemand.Step($0, registry) }, environment: requirement.environment,
      soak: requirement.soak.duration, maxAge: requirement.maxAge.duration, trust: requirement.trust,
      allowed: requirement.allowDifference, identity: here.identity, target: target.address.name, run: run)
  }

  /// A copy in this journal: what was accepted stays accepted where its own journal says nothing else.
  private static func kept(_ record: EvidenceRecord) throws -> EvidenceFinding {
    let signed = try SignedEvidence(record.body, signer: record.signer, signature: record.signature)
    return EvidenceFinding(
      signed: signed, offer: EvidenceOffer(signed.evidence, signature: signed.standing, isSameServer: false))
  }

  private static func use(_ record: EvidenceRecord) -> EvidenceUse? {
    guard let run = record.admits, let evidence = try? Evidence(body: record.body) else { return nil }
    let state = record.runState.flatMap(RunState.init)
    return EvidenceUse(
      evidence: record.id, run: run, isOver: state.map { $0.isFinished && $0 != .superseded } ?? true,
      finishedAt: evidence.finishedAt, journal: evidence.identity.journal, target: evidence.target, plan: evidence.plan)
  }
}

import Engine
import PlanModel
import PluginAPI
import SQLText

/// What `plan` knows, put together for its renderings.
struct PlanView {
  /// One step of the plan and what will become of it.
  struct Step {
    enum Fate {
      case skipped(String)
      case finished
      case prepared(Preparation.Prepared)
    }

    let step: PlanStep
    let fate: Fate
    /// Findings about the program and about missing rights.
    let findings: [Finding]
    /// The step at or before this one that cannot be taken back, and why: a rollback is refused from there on.
    let noReturn: (step: String, reason: String)?

    var prepared: Preparation.Prepared? { if case .prepared(let prepared) = fate { prepared } else { nil } }
    var operations: [Operation] { prepared?.compiled?.operations ?? [] }

    /// Every relation with the strongest lock taken on it, in the order of first use.
    var locks: [RelationLock] {
      var strongest: [RelationLock] = []
      for lock in operations.flatMap(\.everyLeaf).flatMap(\.locks) {
        if let place = strongest.firstIndex(where: { $0.relation == lock.relation }) {
          if strongest[place].mode < lock.mode { strongest[place] = lock }
        } else {
          strongest.append(lock)
        }
      }
      return strongest
    }
  }

  let resolved: ResolvedPlan
  let steps: [Step]
  let sizes: [QualifiedName: RelationSize]
  /// What has to be proven elsewhere first; `nil`: nothing.
  let evidence: EvidencePreview?
  /// `nil`: nothing is to be run.
  let forecast: ForecastPreview?

  /// `only`: steps to show, in plan order; all when empty.
  init(_ resolved: ResolvedPlan, _ preview: Preview, only: [String] = []) {
    self.resolved = resolved
    sizes = preview.sizes
    evidence = preview.evidence
    forecast = preview.forecast
    var noReturn: (step: String, reason: String)?
    let all = resolved.plan.steps.map { step -> Step in
      let prepared = preview.preparation[step.id]
      if noReturn == nil, let reason = prepared?.irreversible.first { noReturn = (step.id, reason) }
      let fate: Step.Fate = if let reason = step.skip { .skipped(reason) } else {
        prepared.map { .prepared($0) } ?? .finished
      }
      let findings = (prepared?.findings ?? []) + (preview.missing[step.id] ?? [])
      return Step(step: step, fate: fate, findings: findings, noReturn: noReturn)
    }
    steps = only.isEmpty ? all : all.filter { only.contains($0.step.id) }
  }

  var waiting: [Step] { steps.filter { $0.prepared != nil } }
  var finishedCount: Int { steps.count { if case .finished = $0.fate { true } else { false } } }
  var refusals: [(step: String, finding: Finding)] {
    steps.flatMap { step in step.findings.filter { $0.severity == .refusal }.map { (step.step.id, $0) } }
  }
}

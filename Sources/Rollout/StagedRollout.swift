package import PlanModel
package import PlanSchema

/// A rollout with all its environments resolved: one plan, stage after stage.
package struct StagedRollout: Sendable {
  package var name: String
  package var description: String?
  package var stages: [Stage]
  /// Warnings and notes of all files, with the sources for snippets.
  package var diagnostics: Diagnostics

  /// The plan's name.
  package var plan: String { stages.first?.targets.first?.plan.name ?? "" }
  package var releaseHash: String { stages.first?.targets.first?.releaseHash ?? "" }
  package var targetCount: Int { stages.reduce(0) { $0 + $1.targets.count } }

  package struct Stage: Sendable {
    /// The environment's name.
    package var name: String
    /// The environment's file as found from here.
    package var file: String
    /// In the order of the environment's file.
    package var targets: [ResolvedPlan]
    /// Which targets each wave takes.
    package var waves: [Range<Int>]
    package var parallel: Int
    package var maxFailures: Int
    package var onFailure: FailureAnswer

    /// Counted from 1, as people do.
    package func wave(of place: Int) -> Int { (waves.firstIndex { $0.contains(place) } ?? 0) + 1 }
  }

  package subscript(stage name: String) -> Stage? { stages.first { $0.name == name } }
}

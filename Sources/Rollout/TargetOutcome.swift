package import Engine
package import PlanModel
import RunModel

/// What became of one target.
package struct TargetOutcome: Sendable {
  package enum Standing: String, Sendable, CaseIterable {
    case succeeded, failed, blocked, drift, refused
    /// Taken back by the plan itself, or canceled by a person.
    case rolledBack = "rolled_back"
    /// At a closed gate.
    case waiting
    /// In another runner's hands.
    case held
    /// Stopped, or paused by a person.
    case stopped
    /// Not its turn.
    case pending

    /// Counts against `max_failures`.
    package var isFailure: Bool { [.failed, .blocked, .drift, .refused, .rolledBack].contains(self) }
  }

  package let target: ResolvedPlan
  /// Counted from 1.
  package let wave: Int
  /// `nil`: it was not begun.
  package var result: Result<RunReport, any Error>?
  package var took: Duration = .zero

  package var name: String { target.environment.targetName }

  package var standing: Standing {
    switch result {
    case nil: .pending
    case .success(let report): Standing(report.ending)
    case .failure(let error): Standing(error)
    }
  }

  package var gates: [ClosedGate] {
    if case .success(let report) = result, case .waiting(let gates) = report.ending { gates } else { [] }
  }
}

extension TargetOutcome.Standing {
  fileprivate init(_ ending: RunReport.Ending) {
    switch ending {
    case .succeeded, .alreadyApplied, .submitted: self = .succeeded
    case .failed(let errors):
      let codes = errors.map(\.code)
      self = codes.contains(.blocked) ? .blocked : codes.contains(.drift) ? .drift : .failed
    case .interrupted: self = .stopped
    case .blocked: self = .blocked
    case .held: self = .held
    case .rolledBack: self = .rolledBack
    case .waiting: self = .waiting
    case .asked(let wish): self = wish.desired == .cancel ? .rolledBack : .stopped
    case .refused: self = .refused
    }
  }

  fileprivate init(_ error: any Error) {
    switch error {
    case is CancellationError: self = .stopped
    case let error as EngineError:
      switch error.code {
      case .failed, .unknown: self = .failed
      case .refused, .unusable: self = .refused
      case .interrupted: self = .stopped
      case .held: self = .held
      case .drift: self = .drift
      case .blocked: self = .blocked
      }
    default: self = .failed
    }
  }
}

/// How far a rollout came.
package struct RolloutReport: Sendable {
  package struct Stage: Sendable {
    package let stage: StagedRollout.Stage
    /// In the order of the environment's file.
    package var targets: [TargetOutcome]
    /// Nothing is left to be done here.
    package var isDone: Bool { targets.allSatisfy { $0.standing == .succeeded } }
  }

  package var stages: [Stage]
  /// A stop signal ended it.
  package var isStopped = false
  /// More targets of a stage failed than it allows: its name.
  package var heldAt: String?
  /// A stage that was asked for begins after one that is not done: its name.
  package var missing: String?

  package var outcomes: [TargetOutcome] { stages.flatMap(\.targets) }
  package func contains(_ standing: TargetOutcome.Standing) -> Bool { outcomes.contains { $0.standing == standing } }
}

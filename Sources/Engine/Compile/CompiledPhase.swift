import JSONText
package import PlanModel
package import PluginAPI
package import SQLText

/// How much of what `plan` prints is certain.
package enum Certainty: Sendable, Hashable {
  /// The statements printed are the statements that will run.
  case exact
  /// Compiled against today's catalog, which these earlier steps will change.
  case predicted(after: [String])
  /// Cannot be compiled before that step has run.
  case knownAfter(String)

  package var label: String {
    switch self {
    case .exact: "exact"
    case .predicted(let steps): "predicted (depends on \(steps.joined(separator: ", ")))"
    case .knownAfter(let step): "known after \(step)"
    }
  }
}

/// A phase of a step and what it compiled to.
package struct CompiledPhase: Sendable {
  package let step: PlanStep
  package let phase: String
  package var program: Program
  /// Relations the answers depended on.
  package let consulted: Set<QualifiedName>
  /// False: the program depends on the step's parameters alone.
  package let usedFacts: Bool
  package let factsDigest: [UInt8]
  package let effects: ProgramEffects
  /// How many phases the kind has.
  package let phases: Int
  /// Of a kind whose steps are gates.
  package let isGate: Bool
  /// Of a kind that is about what there is each time.
  package let isRecurring: Bool

  /// A single transaction that depends on nothing but its parameters: it rides (claim, work and record in one commit).
  package var rides: Bool {
    guard !usedFacts, program.gates.isEmpty, phases == 1, step.host == nil, program.operations.count == 1, let only = program.operations.first,
      only.unless == nil, only.held.isEmpty, case .transaction = only.work
    else { return false }
    return true
  }

  /// It touches the files or starts programs of the host it runs on.
  package var isLocal: Bool { program.everyLeaf.contains { ["file", "process", "export"].contains($0.work.kind) } }

  /// What must be equal for two compilations to be the same work.
  package var operations: [Operation] { program.operations }
}

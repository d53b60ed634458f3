package import PlanModel
import PlanSchema
package import PluginAPI
import PostgresClient
import RunModel
import SQLText

/// The first phase of every unfinished step, compiled before anything runs: all findings together.
package struct Preparation: Sendable {
  package struct Prepared: Sendable {
    package let step: PlanStep
    package let certainty: Certainty
    /// `nil` when it is known only after another step.
    package let compiled: CompiledPhase?
    package var findings: [Finding]

    /// What will run, as surely as the catalog stays as it is. A gate is what it finds each time.
    var certain: [Operation]? { certainty == .exact ? compiled.flatMap { $0.isGate ? nil : $0.operations } : nil }

    package var irreversible: [String] {
      (compiled?.program.leaves ?? []).compactMap {
        if case .irreversible(let reason) = $0.undo { reason } else { nil }
      }
    }
  }

  package let steps: [Prepared]

  package subscript(step: String) -> Prepared? { steps.first { $0.step.id == step } }

  /// Steps that other roles have to approve.
  var approvals: [(step: String, roles: Int)] {
    steps.flatMap { prepared in
      (prepared.compiled?.program.gates ?? []).compactMap {
        if case .approval(let roles) = $0 { (prepared.step.id, roles) } else { nil }
      }
    }
  }

  package var refusals: [(step: String, finding: Finding)] {
    steps.flatMap { prepared in
      prepared.findings.filter { $0.severity == .refusal }.map { (prepared.step.id, $0) }
    }
  }
}

extension Compiler {
  /// `finished`: steps whose work is in the catalog already; `begun`: those of which part is, which are left alone but
  /// may still change what later ones look at.
  func prepare(
    _ plan: Plan, finished: Set<String>, begun: Set<String> = [], tag: RunTag, accepting: Set<String>, on connection: Connection
  ) async throws -> Preparation {
    let transaction = FactsTransaction(connection)
    var prepared: [Preparation.Prepared] = []
    let graph = try Graph(plan.steps.map { ($0.id, $0.needs) })
    var effects: [String: ProgramEffects] = [:]
    for step in plan.steps where !finished.contains(step.id) && step.skip == nil {
      if begun.contains(step.id) {
        effects[step.id] = ProgramEffects.anything
        continue
      }
      let outcome = await attempt(step, tag: tag, in: transaction)
      let one = try judge(
        step, outcome, Surroundings(step: step.id, graph: graph, finished: finished, effects: effects, plan: plan))
      effects[step.id] = one.compiled?.effects ?? ProgramEffects.anything
      prepared.append(one.refusingIrreversible(unless: accepting).refusingUnknownSteps(of: plan))
    }
    await transaction.end()
    return Preparation(steps: prepared)
  }

  private struct Surroundings {
    let step: String
    let graph: Graph
    let finished: Set<String>
    let effects: [String: ProgramEffects]
    let plan: Plan

    /// Unfinished steps this one needs, in plan order.
    var ancestors: [String] {
      let all = Set(graph.ancestors(of: step)).subtracting(finished)
      return plan.steps.map(\.id).filter { all.contains($0) && effects[$0] != nil }
    }

    /// Earlier steps, in plan order, that may change what a compilation looked at.
    func changers(of consulted: Set<QualifiedName>) -> [String] {
      let before = Set(ancestors)
      return plan.steps.map(\.id).filter { id in
        effects[id]?.mayChange(consulted, ordered: before.contains(id)) ?? false
      }
    }
  }

  private func attempt(
    _ step: PlanStep, tag: RunTag, in transaction: FactsTransaction
  ) async -> Result<CompiledPhase, any Error> {
    do {
      return .success(try await compile(step, phase: phases(of: step)[0], tag: tag, in: transaction))
    } catch {
      return .failure(error)
    }
  }

  private func judge(
    _ step: PlanStep, _ outcome: Result<CompiledPhase, any Error>, _ around: Surroundings
  ) throws -> Preparation.Prepared {
    let changers: [String]
    switch outcome {
    case .success(let compiled):
      guard compiled.usedFacts else {
        return .init(step: step, certainty: .exact, compiled: compiled, findings: compiled.program.findings)
      }
      changers = around.changers(of: compiled.consulted)
      if changers.isEmpty {
        return .init(step: step, certainty: .exact, compiled: compiled, findings: compiled.program.findings)
      }
      if compiled.program.refusals.isEmpty {
        return .init(
          step: step, certainty: .predicted(after: changers), compiled: compiled, findings: compiled.program.findings)
      }
    case .failure(let error):
      changers = around.ancestors
      if changers.isEmpty || (error as? PostgresError)?.isConnectionLoss == true { throw error }
    }
    return .init(step: step, certainty: .knownAfter(changers[changers.count - 1]), compiled: nil, findings: [])
  }
}

extension ProgramEffects {
  /// Of a step that cannot be compiled yet.
  static var anything: ProgramEffects {
    var effects = ProgramEffects()
    effects.opaque = true
    return effects
  }
}

extension Preparation.Prepared {
  /// A point of no return needs the step's name in `accept_irreversible`.
  fileprivate func refusingIrreversible(unless accepted: Set<String>) -> Self {
    guard let reason = irreversible.first, !step.isAccepted(in: accepted) else { return self }
    var refused = self
    refused.findings.append(
      .refusal(
        "plan.irreversible", "step \(step.id) cannot be taken back: \(reason)",
        choices: ["add \(step.id) to accept_irreversible in the environment"], at: step.range))
    return refused
  }
}

extension Preparation.Prepared {
  /// A gate may be about another step of the plan.
  fileprivate func refusingUnknownSteps(of plan: Plan) -> Self {
    var refused = self
    for case .soak(let id, _) in compiled?.program.gates ?? [] where plan[id] == nil {
      let near = Spelling.nearest(to: id, in: plan.steps.map(\.id))
      refused.findings.append(
        .refusal(
          "gate.step", "step \(step.id) waits after \(id), and the plan has no such step",
          choices: [near.map { "did you mean \($0)?" } ?? "name a step of the plan"], at: step.range))
    }
    return refused
  }
}

extension PlanStep {
  /// By its own id, or by the one it was expanded from.
  fileprivate func isAccepted(in accepted: Set<String>) -> Bool {
    accepted.contains(id) || accepted.contains(String(id.prefix { $0 != "[" }))
  }
}

extension CompiledPhase {
  /// A later phase may be one that was not known when the run began.
  func refuseIrreversible(unless accepted: Set<String>) throws {
    for leaf in program.leaves where !step.isAccepted(in: accepted) {
      guard case .irreversible(let reason) = leaf.undo else { continue }
      throw EngineError(
        .refused, "step \(step.id) cannot be taken back: \(reason)",
        hint: "add \(step.id) to accept_irreversible in the environment", step: step.id)
    }
  }
}

package import Catalog
import JSONText
import Lint
package import PlanModel
package import PluginAPI
import PlanSchema
import YAMLTree

/// Turns a step's phase into a program. Reads; never writes.
package struct Compiler: Sendable {
  package let registry: StepRegistry
  package let capabilities: Capabilities
  /// The plan's folder, for files a step names.
  package let folder: String
  package let role: String?
  let own: OwnProgram

  package init(
    registry: StepRegistry, capabilities: Capabilities, folder: String, role: String?, own: OwnProgram = OwnProgram()
  ) {
    self.own = own
    self.registry = registry
    self.capabilities = capabilities
    self.folder = folder
    self.role = role
  }

  func compile(
    _ step: PlanStep, phase: String, carry: JSON = .null, tag: RunTag, in transaction: FactsTransaction
  ) async throws -> CompiledPhase {
    guard let kind = registry[step.uses] else {
      throw EngineError(.unusable, "no plugin offers \(step.uses)", hint: "caisson plugins lists them", step: step.id)
    }
    let facts = StepFacts(transaction, capabilities: capabilities, folder: folder, own: own)
    var program = try await kind.program(
      step, phase: phase, carry: carry, role: role, runTag: tag.of(step.id), facts: facts)
    program.findings += ProgramCheck(step: step).findings(program)
    if !kind.isGate, !program.gates.isEmpty {
      program.findings.append(
        .refusal("gate.kind", "\(step.uses) says what it waits for and is no gate", choices: ["declare the kind as one"], at: step.range))
    }
    let context = LintContext(serverVersion: capabilities.version, pooled: capabilities.pooled)
    program.findings += Linter.lint(program, context, at: step.range)
    let record = facts.recorded
    return CompiledPhase(
      step: step, phase: phase, program: program, consulted: record.consulted,
      usedFacts: record.questions > 0 || !record.consulted.isEmpty, factsDigest: record.digest,
      effects: ProgramEffects(of: program.operations), phases: kind.phases.count, isGate: kind.isGate)
  }
}

extension Compiler {
  /// The phases of a step's kind, in order.
  package func phases(of step: PlanStep) -> [String] { registry[step.uses]?.phases ?? ["apply"] }

  /// How long after the phase before it a phase is due; `nil`: at once.
  func delay(before phase: String, of step: PlanStep) throws -> TimeSpan? {
    try registry[step.uses]?.delay(before: phase, of: step)
  }
}

extension Compiler {
  /// What has to hold before a phase is begun.
  func gates(before phase: String, of step: PlanStep) throws -> [GateCondition] {
    try registry[step.uses]?.gates(before: phase, of: step) ?? []
  }

  /// A phase of it may have to wait; parameters that cannot be read are told elsewhere.
  func hasGatedPhases(_ step: PlanStep) -> Bool {
    phases(of: step).contains { phase in (try? gates(before: phase, of: step))?.isEmpty == false }
  }
}

extension StepKind {
  fileprivate static func gates(before phase: String, of step: PlanStep) throws -> [GateCondition] {
    gates(before: phase, try parameters(of: step))
  }

  fileprivate static func delay(before phase: String, of step: PlanStep) throws -> TimeSpan? {
    delay(before: phase, try parameters(of: step))
  }

  static func parameters(of step: PlanStep) throws -> Parameters {
    var report = Diagnostics()
    guard let parameters = Parameters.read(step.with, &report) else {
      throw EngineError(.unusable, "the parameters of step \(step.id) cannot be read", hint: "caisson validate")
    }
    return parameters
  }

  fileprivate static func program(
    _ step: PlanStep, phase: String, carry: JSON, role: String?, runTag: String, facts: any Facts
  ) async throws -> Program {
    try await compile(
      Step(id: step.id, parameters: try parameters(of: step), phase: phase, carry: carry, role: role, runTag: runTag,
        maxStall: step.policy.maxStall), facts)
  }
}

import BuiltinPlugins
import CommandLineKit
import PlanModel
import PlanSchema
import Rollout

/// A rollout as the commands of this program see it: its targets by name, and the command lines that go on with it.
struct RolloutDesk: Sendable {
  static let file = ArgumentSpec("FILE", "rollout file, or a folder with rollout.yaml", kind: .file)

  let rollout: StagedRollout
  let next: NextCommand
  private let chosen: [String: ChosenEnvironment]

  /// `looking`: for what compiles and runs nothing.
  init(_ parsed: ParsedCommand, looking: Bool = false) throws {
    let path = try Self.path(parsed)
    let rollout = try RolloutLoader(.builtin).load(
      PlanRequest(path: path, variables: parsed.assignments(.variable), wantsPrivateValues: !looking))
    let targets = rollout.stages.flatMap { stage in stage.targets.map { (file: stage.file, plan: $0) } }
    let privates = targets.first?.plan.privateNames ?? []
    chosen = Dictionary(
      targets.map { target in
        let next = NextCommand(file: target.file, parsed, hiding: privates)
        return (target.plan.environment.targetName, ChosenEnvironment(target.plan, next))
      }, uniquingKeysWith: { first, _ in first })
    next = NextCommand(file: path, parsed, hiding: privates)
    self.rollout = rollout
  }

  private static func path(_ parsed: ParsedCommand) throws -> String {
    let named = parsed.argument(file) ?? "."
    switch FileKind(named) {
    case .file: return named
    case .folder: return FilePath.join(named, "rollout.yaml")
    case .missing: throw parsed.usageError("there is no file or folder '\(named)'")
    }
  }

  /// One of its targets, for the commands about one.
  subscript(target: String) -> ChosenEnvironment? { chosen[target] }

  var title: String {
    let stages = rollout.stages.map(\.name).joined(separator: ", then ")
    return "\(rollout.name): \(rollout.plan) to \(stages)"
  }

  // MARK: Names that were typed

  func stage(named name: String, for parsed: ParsedCommand) throws -> String {
    if rollout[stage: name] != nil { return name }
    let names = rollout.stages.map(\.name)
    throw parsed.usageError(
      "the rollout has no stage '\(name)', only \(names.joined(separator: ", "))",
      suggestion: Spelling.nearest(to: name, in: names))
  }

  /// `production:eu`, or `eu` where only one stage has it.
  func target(named name: String, for parsed: ParsedCommand) throws -> String {
    let environments = rollout.stages.flatMap(\.targets).map(\.environment)
    let found = environments.filter { $0.targetName == name || $0.targetKey == name }.map(\.targetName)
    if let only = found.first, found.count == 1 { return only }
    guard found.isEmpty else {
      throw parsed.usageError("'\(name)' is a target of several stages: \(found.joined(separator: ", "))")
    }
    let known = environments.flatMap { [$0.targetName, $0.targetKey ?? $0.targetName] }
    throw parsed.usageError(
      "the rollout has no target '\(name)', only \(environments.map(\.targetName).joined(separator: ", "))",
      suggestion: Spelling.nearest(to: name, in: known))
  }
}

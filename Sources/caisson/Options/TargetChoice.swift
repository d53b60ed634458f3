import CommandLineKit
import PlanModel
import PlanSchema

/// Which of an environment's databases a command is about.
struct TargetChoice {
  private let all: [ResolvedPlan]
  private let parsed: ParsedCommand

  init(_ all: [ResolvedPlan], _ parsed: ParsedCommand) {
    self.all = all
    self.parsed = parsed
  }

  private var names: [String] { all.compactMap(\.environment.targetKey) }
  private var environment: String { all.first?.environment.name ?? "" }

  /// The environment's only database, or the one of many that is named.
  func one() throws -> ResolvedPlan {
    let named = parsed.value(.target)
    if let found = all.first(where: { $0.environment.targetKey == named }) { return found }
    guard !names.isEmpty else {
      throw parsed.usageError("\(environment) has one target: --target goes with an environment that has `targets`")
    }
    let list = names.joined(separator: ", ")
    guard let named else { throw parsed.usageError("\(environment) has \(names.count) targets: \(list)\(advice)") }
    throw parsed.usageError(
      "\(environment) has no target '\(named)', only \(list)", suggestion: Spelling.nearest(to: named, in: names))
  }

  private var advice: String {
    let all = "; caisson rollout takes them in waves"
    return "; say which with --target" + (parsed.spec.name == ApplyCommand.spec.name ? all : "")
  }
}

import BuiltinPlugins
import CommandLineKit
import JSONText
import PlanModel
import PlanSchema
import PluginAPI
import Rollout

/// `caisson validate ENVIRONMENT`
struct ValidateCommand: Command {
  static let spec = CommandSpec(
    "validate", summary: "read plan and environment, or a rollout; report every mistake at once",
    discussion: """
      Touches no database. Each mistake comes with file, line, column, the line itself and what was probably meant.

      Secrets named as ${env:NAME} or ${file:path} must be there; their values are not looked at. Private variables
      need no value here.
      """,
    section: Section.check, arguments: [.environment], options: [.environment, .variable, .output],
    examples: [
      CommandExample("caisson validate plans/shop/staging.yaml", "exit 0, or 3 with the mistakes"),
      CommandExample("caisson validate plans/shop --env production -o json", "the same for a program"),
      CommandExample("caisson validate plans/shop/rollout.yaml", "the rollout and all its environments"),
    ])

  private let request: PlanRequest

  init(_ parsed: ParsedCommand) throws { request = try PlanRequest(parsed, wantsPrivateValues: false) }

  func run(_ console: Console) throws -> ExitCode {
    do throws(InvalidInput) {
      let rollouts = RolloutLoader(.builtin)
      if rollouts.recognises(request.path) {
        report(try rollouts.load(request), on: console)
      } else {
        report(try PlanLoader(.builtin).loadTargets(request), on: console)
      }
      return .done
    } catch {
      if console.format == .text { throw error }
      console.print(["valid": false, "findings": .array(error.diagnostics.sorted.map(\.json))])
      return .planInvalid
    }
  }

  private func report(_ rollout: StagedRollout, on console: Console) {
    guard console.format == .text else {
      console.print([
        "valid": true, "rollout": .string(rollout.name), "plan": .string(rollout.plan),
        "release_hash": .string(rollout.releaseHash),
        "stages": .object(JSONObject(rollout.stages.map { ($0.name, .int(Int64($0.targets.count))) })),
        "findings": .array(rollout.diagnostics.sorted.map(\.json)),
      ])
      return
    }
    if !rollout.diagnostics.items.isEmpty { console.note(rollout.diagnostics.render()) }
    let stages = rollout.stages.map { "\($0.name) (\($0.targets.count == 1 ? "1 target" : "\($0.targets.count) targets"))" }
    console.print("rollout \(rollout.name) of \(rollout.plan): \(stages.joined(separator: ", then ")), no mistakes")
  }

  private func report(_ targets: [ResolvedPlan], on console: Console) {
    guard let plan = targets.first else { return }
    let steps = plan.plan.steps.count, isOne = plan.environment.targetKey == nil
    guard console.format == .text else {
      var object = JSONObject([
        ("valid", true), ("plan", .string(plan.plan.name)), ("environment", .string(plan.environment.name)),
        ("steps", .int(Int64(steps))), ("release_hash", .string(plan.releaseHash)),
        ("findings", .array(plan.diagnostics.sorted.map(\.json))),
      ])
      let hashes = targets.map { ($0.environment.targetName, JSON.string($0.planHash)) }
      if isOne { object["plan_hash"] = .string(plan.planHash) } else { object["targets"] = .object(JSONObject(hashes)) }
      console.print(.object(object))
      return
    }
    if !plan.diagnostics.items.isEmpty { console.note(plan.diagnostics.render()) }
    let count = steps == 1 ? "1 step" : "\(steps) steps"
    let many = isOne ? "" : " on \(targets.count) targets"
    console.print("\(plan.plan.name) on \(plan.environment.name): \(count)\(many), no mistakes")
  }
}

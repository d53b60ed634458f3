import BuiltinPlugins
import CommandLineKit
import JSONText
import PlanModel
import PlanSchema
import PluginAPI

/// `caisson validate ENVIRONMENT`
struct ValidateCommand: Command {
  static let spec = CommandSpec(
    "validate", summary: "read plan and environment, report every mistake at once",
    discussion: """
      Touches no database. Each mistake comes with file, line, column, the line itself and what was probably meant.

      Secrets named as ${env:NAME} or ${file:path} must be there; their values are not looked at. Private variables
      need no value here.
      """,
    section: Section.check, arguments: [.environment], options: [.environment, .variable, .output],
    examples: [
      CommandExample("caisson validate plans/shop/staging.yaml", "exit 0, or 3 with the mistakes"),
      CommandExample("caisson validate plans/shop --env production -o json", "the same for a program"),
    ])

  private let request: PlanRequest

  init(_ parsed: ParsedCommand) throws { request = try PlanRequest(parsed, wantsPrivateValues: false) }

  func run(_ console: Console) throws -> ExitCode {
    do throws(InvalidInput) {
      report(try PlanLoader(.builtin).load(request), on: console)
      return .done
    } catch {
      if console.format == .text { throw error }
      console.print(["valid": false, "findings": .array(error.diagnostics.sorted.map(\.json))])
      return .planInvalid
    }
  }

  private func report(_ plan: ResolvedPlan, on console: Console) {
    let steps = plan.plan.steps.count
    guard console.format == .text else {
      console.print([
        "valid": true, "plan": .string(plan.plan.name), "environment": .string(plan.environment.name),
        "steps": .int(Int64(steps)), "plan_hash": .string(plan.planHash), "release_hash": .string(plan.releaseHash),
        "findings": .array(plan.diagnostics.sorted.map(\.json)),
      ])
      return
    }
    if !plan.diagnostics.items.isEmpty { console.note(plan.diagnostics.render()) }
    let count = steps == 1 ? "1 step" : "\(steps) steps"
    console.print("\(plan.plan.name) on \(plan.environment.name): \(count), no mistakes")
  }
}

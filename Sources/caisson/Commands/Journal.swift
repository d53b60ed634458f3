import CommandLineKit
import Engine
import Journal
import JSONText
import PlanModel
import RunModel

/// `caisson journal install|upgrade|check|adopt|reattach|prune`
enum JournalGroup {
  static let spec = CommandSpec(
    "journal", summary: "install, check, move or prune the journal in a database", section: Section.keep)

  /// What an installation or upgrade came to.
  static func show(_ outcome: Installer.Outcome, of chosen: ChosenEnvironment, on console: Console) {
    guard console.format == .text else {
      console.print(json(outcome))
      return
    }
    let (word, version) = words(outcome)
    console.print("the journal of \(chosen.targetName) is \(word), version \(version)")
  }

  /// The same for programs, with what else was done.
  static func json(_ outcome: Installer.Outcome, more: JSONObject = JSONObject()) -> JSON {
    let (word, version) = words(outcome)
    return .object(JSONObject([("journal", .string(word)), ("version", .int(Int64(version)))] + more.members.map { ($0.key, $0.value) }))
  }

  private static func words(_ outcome: Installer.Outcome) -> (String, Int) {
    switch outcome {
    case .installed: ("installed", JournalSchema.version)
    case .present(let version): ("present", version)
    }
  }
}

/// `caisson journal upgrade ENVIRONMENT`
struct JournalUpgradeCommand: Command {
  static let spec = CommandSpec(
    "upgrade", summary: "bring an older journal to this version",
    discussion: "One transaction; runs and events stay. Runners of the older version are turned away afterwards.",
    arguments: [.environment], options: [.environment, .target, .variable, .output],
    examples: [CommandExample("caisson journal upgrade production.yaml", "after installing a new caisson")])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let outcome = try await chosen.connected("upgrade") { try await Installer.upgrade(on: $0) }
    JournalGroup.show(outcome, of: chosen, on: console)
    return .done
  }
}

/// `caisson journal check ENVIRONMENT`
struct JournalCheckCommand: Command {
  static let spec = CommandSpec(
    "check", summary: "compare a journal with what it should be",
    discussion: "Version, identity of the cluster, leases and attempts that contradict each other.",
    arguments: [.environment], options: [.environment, .target, .variable, .output],
    examples: [CommandExample("caisson journal check production.yaml", "exit 0 when all is well")])

  private let parsed: ParsedCommand

  init(_ parsed: ParsedCommand) { self.parsed = parsed }

  func run(_ console: Console) async throws -> ExitCode {
    let chosen = try ChosenEnvironment(looking: parsed)
    let problems = try await chosen.writing("check") { try await JournalCheck.run(on: $0) }
    switch console.format {
    case .json: console.print(["sound": .bool(problems.isEmpty), "problems": .array(problems.map(\.json))])
    case .ndjson: for problem in problems { console.print(problem.json) }
    case .text:
      for problem in problems {
        console.print("\(problem)")
        if let invariant = problem.invariant { console.print("  should be: \(invariant.text)") }
      }
      if problems.isEmpty { console.print("the journal of \(chosen.targetName) is sound") }
    }
    return problems.isEmpty ? .done : .failed
  }
}

extension JournalCheck.Problem {
  var json: JSON {
    [
      "code": .string(code), "run": JSON(run), "step": JSON(step), "detail": .string(detail),
      "invariant": JSON(invariant?.text),
    ]
  }
}

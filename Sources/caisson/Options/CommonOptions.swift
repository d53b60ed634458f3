import CommandLineKit

extension OptionSpec {
  /// Data for a person, as one document or as a line per record.
  static let output = OptionSpec.value(
    "output", short: "o", "FORMAT", .choice(OutputFormat.allCases.map(\.rawValue)),
    "form of the data on standard output", default: OutputFormat.text.rawValue)

  /// Which environment of a folder.
  static let environment = OptionSpec.value(
    "env", short: "e", "NAME", .text, "NAME.yaml of the folder ENVIRONMENT")

  /// Which database of an environment with many.
  static let target = OptionSpec.value("target", "NAME", .text, "that one of the environment's targets")

  /// A run other than the latest.
  static let run = OptionSpec.value("run", "ID", .text, "that run, not the latest")

  /// A variable's value, over plan and environment.
  static let variable = OptionSpec.value(
    "var", "NAME=VALUE", .assignment, "set a variable over both files", repeatable: true)

  /// Consent given beforehand.
  static let yes = OptionSpec.flag("yes", short: "y", "do not ask; never accepts irreversible steps")

  /// Patience with other runners.
  static let wait = OptionSpec.optionalValue(
    "wait", "DURATION", .duration, "wait while another runner holds the run [a day]")

  /// Why a person overrides the engine; kept in the journal.
  static let reason = OptionSpec.value("reason", "TEXT", .text, "why; kept in the journal (required)")

  /// Stay and redraw.
  static let watch = OptionSpec.flag("watch", short: "w", "stay and redraw until the run ends")

  /// Stay and print what is new.
  static let follow = OptionSpec.flag("follow", short: "f", "stay and print what is new")

  /// Only one step's records.
  static let step = OptionSpec.value("step", "STEP", .text, "only this step")

  /// How many records.
  static func limit(_ fallback: Int) -> OptionSpec {
    .value("limit", short: "n", "N", .integer(1...1_000_000), "at most so many", default: "\(fallback)")
  }
}

extension ArgumentSpec {
  /// What nearly every command is about.
  static let environment = ArgumentSpec(
    "ENVIRONMENT", "environment file, or a folder with --env", arity: .optional, kind: .file)

  /// The same, where another argument follows.
  static let environmentFirst = ArgumentSpec("ENVIRONMENT", "environment file, or a folder with --env", kind: .file)

  /// A step of the run.
  static let step = ArgumentSpec("STEP", "the step's name in the plan")
}

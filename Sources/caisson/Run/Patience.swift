import CommandLineKit
import PlanSchema

extension ParsedCommand {
  /// How long `--wait` allows; without a value, a day. `nil`: it was not given.
  func patience() throws -> Duration? {
    guard has(.wait) else { return nil }
    guard let text = value(.wait) else { return .seconds(86_400) }
    do {
      return try TimeSpan(parsing: text == "0" ? "0s" : text).duration
    } catch {
      throw usageError("option '--wait': \(error.message)", suggestion: nil)
    }
  }
}

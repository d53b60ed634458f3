import PlanSchema
import PluginAPI
import SQLText

/// Closed until a query returns true.
struct GateQuery: StepKind {
  static let name = "gate.query"
  static let summary = "Waits until a query returns true."
  static let recurring = true
  static let isGate = true

  struct Parameters: ParameterSet {
    @Parameter("One row: a boolean and, if it helps, a text that says why not. Read-only; a minute at most.")
    var query: SQLStatement
    @Parameter("What the gate waits for, in a sentence.") var message: String?
    @Parameter("How soon it is asked again while it is closed.", tuning: true) var every = TimeSpan.seconds(60)

    func check(_ report: inout Diagnostics) {
      report.positive(every, at: $every)
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    let rows = try await facts.rows(SQL(verbatim: wanted.query.text))
    guard let row = rows.first, rows.count == 1, ["t", "f", nil].contains(row[0]) else {
      return Program(findings: [
        .refusal(
          "gate.query", "the query of \(step.id) does not return one row that begins with a boolean",
          choices: ["write it as SELECT condition FROM …, without a row per match"], at: wanted.$query)
      ])
    }
    if row[0] == "t" { return Program(findings: [.note("gate.open", wanted.message ?? "the query returns true")]) }
    let told = row.values.count > 1 ? row[1] : nil
    let reason = [wanted.message, told].compactMap { $0 }.joined(separator: ": ")
    return Program(
      gates: [.closed(reason: reason.isEmpty ? "its query does not return true" : reason, again: wanted.every)])
  }
}

extension Diagnostics {
  /// Asked again at once would be asked without end.
  mutating func positive(_ span: TimeSpan, at range: SourceRange) {
    if span < .seconds(1) { error("value.range", "at least 1s lies between two looks", at: range) }
  }
}

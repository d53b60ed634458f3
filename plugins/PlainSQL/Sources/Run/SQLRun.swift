import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// Runs statements of the author's own.
struct SQLRun: StepKind {
  static let name = "sql.run"
  static let summary = "Runs SQL statements, in a transaction where they allow it."

  enum Transaction: String, CaseIterable, ParameterValue {
    case auto, always, never
  }

  struct Parameters: ParameterSet {
    @Parameter("Statements to run: a text, or a list of texts.") var up: StatementTexts
    @Parameter(
      "Statements that take `up` back. A list with as many texts as `up` has operations undoes each by its own.")
    var down: StatementTexts?
    @Parameter("Why `up` cannot be taken back, instead of `down`.") var irreversible: String?
    @Parameter("Afterwards: queries that must return true, or `DO` blocks that must not raise. Read-only.")
    var verify: StatementTexts?
    @Parameter(
      """
      `auto`: consecutive statements in one transaction, those that refuse one by themselves; `always`: those are \
      refused; `never`: each by itself.
      """
    ) var transaction = Transaction.auto
    @Parameter(
      """
      For each statement that runs by itself: a query that says after a crash whether it is done, true or false, or \
      `(state, detail)`.
      """
    ) var probe: StatementTexts?
    @Parameter("Rows the last statement of `up` must return or change; otherwise its transaction is rolled back.")
    var expectRows: Int?

    func check(_ report: inout Diagnostics) {
      if let reason = irreversible, down != nil || reason.allSatisfy(\.isWhitespace) {
        report.error(
          "sql.undo", down != nil ? "`down` and `irreversible` exclude each other" : "`irreversible` says why",
          at: $irreversible)
      }
      if down == nil, irreversible == nil, writes {
        report.error(
          "sql.undo", "`up` changes something and nothing takes it back", at: $up,
          hint: "write `down:` with the statements that do, or `irreversible: <why not>`")
      }
      if let rows = expectRows, rows < 0 {
        report.error("value.range", "a number of rows is not negative", at: $expectRows)
      }
    }

    /// As far as the text can be read; what cannot is refused when it is compiled.
    private var writes: Bool {
      up.texts.contains { text in
        ((try? SQLParser.parse(text.value.text)) ?? []).contains {
          !Script.leavesNothing($0) && !$0.isTransactionControl
        }
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    SQLRunCompiler(step.parameters, server: facts.capabilities).program
  }
}

import Catalog
import JSONText
import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText

/// Changes, deletes or copies the rows of a table in chunks, each exactly once.
struct DataBatch: StepKind {
  static let name = "data.batch"
  static let summary = "Updates, deletes or copies rows in chunks that each commit with their cursor."

  enum Conflict: String, CaseIterable, ParameterValue {
    case fail, nothing, update
  }

  enum Verification: String, CaseIterable, ParameterValue {
    case noneLeft = "none_left"
    case none
  }

  struct Insertion: ParameterSet {
    @Parameter("Target table.") var table: QualifiedName
    @Parameter("Target columns, each with an expression over the source row.") var columns: OrderedMap<RowExpression>
    @Parameter("Columns that `conflict: update` finds the existing row by; the target's primary key by default.")
    var key: [Identifier]?
  }

  struct Parameters: ParameterSet {
    @Parameter("Table whose rows are walked.") var table: QualifiedName
    @Parameter("Columns to update, each with an expression over the row.") var set: OrderedMap<RowExpression>?
    @Parameter("Deletes the rows.") var delete = false
    @Parameter("Copies the rows into another table.") var insertInto: Insertion?
    @Parameter("Which rows; required for `set` and `delete` (`true` for all). `set` has to make it false.")
    var `where`: SQLExpression?
    @Parameter("Columns of a unique key without NULLs to walk along; the primary key by default.")
    var key: [Identifier]?
    @Parameter("How long a chunk should take.", tuning: true) var chunk: TimeSpan = .milliseconds(250)
    @Parameter("Ranges of the key worked on side by side.", tuning: true) var workers = 1
    @Parameter("What `insert_into` does with a row that is there.") var conflict = Conflict.fail
    @Parameter("Keeps what rollback needs in a table of the schema caisson.") var keepUndo = false
    @Parameter("`none_left`: fails when rows still match `where` afterwards.") var verify = Verification.noneLeft

    func check(_ report: inout Diagnostics) {
      let actions = [set != nil, delete, insertInto != nil].filter { $0 }.count
      if actions != 1 {
        report.error(
          "batch.action", actions == 0 ? "nothing is done with the rows" : "more than one thing is done with the rows",
          at: $table, hint: "one of `set`, `delete: true` and `insert_into`")
      }
      if `where` == nil, insertInto == nil {
        report.error(
          "batch.where", "`where` is missing: it says which rows are still to be done", at: $table,
          hint: "for example `where: new_column IS NULL`; `where: 'true'` with `verify: none` for all rows")
      }
      if set?.isEmpty ?? false { report.error("value.missing", "`set` names no column", at: $set) }
      if insertInto?.columns.isEmpty ?? false {
        report.error("value.missing", "`columns` names no column", at: $insertInto)
      }
      if conflict != .fail, insertInto == nil {
        report.error("batch.conflict", "`conflict` belongs to `insert_into`", at: $conflict)
      }
      if conflict == .update, keepUndo {
        report.error(
          "batch.keep_undo", "rows that `conflict: update` overwrites are not kept", at: $keepUndo,
          hint: "leave keep_undo out: the step is then a point of no return")
      }
      if !(1...64).contains(workers) { report.error("value.range", "1 to 64 workers", at: $workers) }
      if chunk <= .zero { report.error("value.range", "a chunk takes longer than no time", at: $chunk) }
      if key?.isEmpty ?? false { report.error("value.missing", "`key` names no column", at: $key) }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    try await BatchCompiler(wanted: step.parameters, runTag: step.runTag, facts: facts).program()
  }
}

import JSONText
import PlanSchema
import PluginAPI

/// Keeps the result of a query period by period in an ordinary table.
struct MatviewRollup: StepKind {
  static let name = "matview.rollup"
  static let summary = "A table of closed periods computed once and open ones replaced; compared with the query."
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("The table that holds the result; the step makes it.") var table: QualifiedName
    @Parameter("The query; `$period(column)` in it stands for: this column lies in the period.")
    var query: PeriodQuery
    @Parameter("Column of the result that says which period a row belongs to: a date or a point in time.")
    var by: Identifier
    @Parameter("Length of a period: months or years, days or weeks, or hours that divide a day.")
    var period = PeriodLength.months(1)
    @Parameter("Periods that ended this long ago or less are computed again at each run.")
    var lookback = CalendarInterval.months(2)
    @Parameter("So long after its end a period counts as closed.")
    var closedAfter = CalendarInterval.days(0)
    @Parameter("Time zone in which periods begin and end.") var timezone = "UTC"
    @Parameter("What to do about rows that belong to no period: their column is NULL or infinite.")
    var nullPeriods = NullPeriods.refuse
    @Parameter("Closed periods compared with the query at each run after the first, those first that waited longest.")
    var sample = 1

    func check(_ report: inout Diagnostics) {
      if sample < 0 { report.error("rollup.sample", "not less than 0", at: $sample) }
      if !by.name.utf8.isEmpty, by.name.hasPrefix("caisson_") {
        report.error("rollup.by", "names that begin with caisson_ are ours", at: $by)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    do {
      return try await RollupCompiler(step: step, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

enum NullPeriods: String, CaseIterable, Sendable, ParameterValue { case refuse, ignore }

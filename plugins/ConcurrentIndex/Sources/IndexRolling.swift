import OnlineDDL
import PluginAPI

/// A partial index over the recent rows of a table: a literal bound that moves with the calendar.
struct IndexRolling: StepKind {
  static let name = "index.rolling"
  static let summary = "Keeps a partial index over the last days or months: builds the next one, then drops the previous."
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("Table, materialized view or partitioned table.") var table: QualifiedName
    @Parameter("Date or timestamp column whose recent values are indexed.") var column: Identifier
    @Parameter("How far back the index reaches at least.") var keep: CalendarInterval
    @Parameter("How often the bound moves; it is cut to these units.") var every: CalendarInterval
    @Parameter("Keys; default: `column`.") var columns: [Located<KeyColumn>]?
    @Parameter("Beginning of the name, the bound is appended; default: derived with `_recent`.") var name: Identifier?
    @Parameter("Further condition; immutable.") var `where`: SQLExpression?
    @Parameter("Access method.") var method = IndexMethod.btree
    @Parameter("Columns carried along for index-only scans.") var include: [Located<Identifier>] = []
    @Parameter("Storage parameters, for example `{fillfactor: 70}`.") var with: OrderedMap<StorageValue> = [:]
    @Parameter("Tablespace; default: the database's.") var tablespace: Identifier?
    @Parameter("Time zone in which bounds are cut.") var timezone = "UTC"
    @Parameter("Memory for the build; default: the server's setting.", tuning: true) var maintenanceWorkMem: ByteSize?
    @Parameter("Parallel workers of one build; default: the server's setting.", tuning: true) var workers: Int?
    @Parameter("How long to wait for old transactions before the build begins.", tuning: true)
    var waitForOldSnapshots = TimeSpan.minutes(10)

    func check(_ report: inout Diagnostics) {
      if columns?.isEmpty ?? false { report.error("index.columns", "an index has at least one key", at: $columns) }
      if keep.isZero { report.error("index.keep", "longer than nothing", at: $keep) }
      let parts = [every.months, every.days, every.milliseconds].filter { $0 != 0 }
      if parts.count != 1 || parts[0] < 0 {
        report.error("index.every", "one unit: months, days or hours", at: $every, hint: "for example 1 week")
      } else if every.months == 0, every.days == 0, every.milliseconds % 3_600_000 != 0 {
        report.error("index.every", "whole hours at least", at: $every)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    switch try await TargetTable.find(wanted.table, at: wanted.$table, facts) {
    case .refused(let finding): return Program(findings: [finding])
    case .found(let table):
      switch try await RollingBound.compute(wanted, on: table, facts) {
      case .refused(let finding): return Program(findings: [finding])
      case .found(let bound): return try await RollingFamily(wanted, table, bound, facts).program()
      }
    }
  }
}

extension IndexRolling.Parameters {
  var marks: IndexMarks {
    IndexMarks(
      table: $table, name: $name, keys: columns?.map(\.range) ?? [$column], include: include.map(\.range),
      predicate: $where, method: $method)
  }

  var policy: BuildPolicy {
    BuildPolicy(maintenanceMemory: maintenanceWorkMem, workers: workers, waitForOldSnapshots: waitForOldSnapshots)
  }
}

import OnlineDDL
import PluginAPI

/// Builds an index while the table is written to.
struct IndexCreate: StepKind {
  static let name = "index.create"
  static let summary = "Builds an index concurrently; on a partitioned table one partition after the other."

  struct Parameters: ParameterSet {
    @Parameter("Table, materialized view or partitioned table.") var table: QualifiedName
    @Parameter("Keys: names, or mappings with `expression`, `order`, `nulls`, `opclass`, `collation`.")
    var columns: [Located<KeyColumn>]
    @Parameter("Name of the index, in the table's schema; default: as PostgreSQL derives it, `table_columns_idx`.")
    var name: Identifier?
    @Parameter("Access method.") var method = IndexMethod.btree
    @Parameter("No two rows with equal keys; existing duplicates are counted first.") var unique = false
    @Parameter("With `unique`: NULLs count as equal.") var nullsNotDistinct = false
    @Parameter("Condition of a partial index; immutable.") var `where`: SQLExpression?
    @Parameter("Columns carried along for index-only scans.") var include: [Located<Identifier>] = []
    @Parameter("Storage parameters, for example `{fillfactor: 70}`.") var with: OrderedMap<StorageValue> = [:]
    @Parameter("Tablespace; default: the database's.") var tablespace: Identifier?
    @Parameter("Memory for the build; default: the server's setting.", tuning: true) var maintenanceWorkMem: ByteSize?
    @Parameter("Parallel workers of one build; default: the server's setting.", tuning: true) var workers: Int?
    @Parameter("How long to wait for old transactions before the build begins.", tuning: true)
    var waitForOldSnapshots = TimeSpan.minutes(10)
    @Parameter("ANALYZE the table afterwards; default: when a key is an expression.") var analyze: Bool?

    func check(_ report: inout Diagnostics) {
      if columns.isEmpty { report.error("index.columns", "an index has at least one key", at: $columns) }
      if nullsNotDistinct, !unique {
        report.error("index.nulls", "`nulls_not_distinct` says something about `unique` indexes only", at: $nullsNotDistinct)
      }
      if let workers, workers < 0 || workers > 1_024 {
        report.error("index.workers", "between 0 and 1024", at: $workers)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    switch try await TargetTable.find(wanted.table, at: wanted.$table, facts) {
    case .refused(let finding): return Program(findings: [finding])
    case .found(let table):
      let (index, findings) = try await IndexResolver.resolve(wanted.spec, on: table, marks: wanted.marks, facts)
      guard let index else { return Program(findings: findings) }
      let compiler = IndexCompiler(
        index: index, marks: wanted.marks, policy: wanted.policy,
        analyze: wanted.analyze ?? !index.spec.expressions.isEmpty, facts: facts)
      var program = try await compiler.program()
      program.findings = findings + program.findings
      return program
    }
  }
}

extension IndexCreate.Parameters {
  var spec: IndexSpec {
    IndexSpec(
      table: table, name: name?.name, method: method.rawValue, keys: columns.map(\.value.specified),
      include: include.map(\.value.name), predicate: `where`?.text,
      options: with.map { Setting($0.key, $0.value.text) }, tablespace: tablespace?.name, isUnique: unique,
      nullsNotDistinct: nullsNotDistinct)
  }

  var marks: IndexMarks {
    IndexMarks(
      table: $table, name: $name, keys: columns.map(\.range), include: include.map(\.range), predicate: $where,
      method: $method)
  }

  var policy: BuildPolicy {
    BuildPolicy(maintenanceMemory: maintenanceWorkMem, workers: workers, waitForOldSnapshots: waitForOldSnapshots)
  }
}

import OnlineDDL
import PluginAPI

/// Ends the stay of rows whose time is over.
struct GDPRRetention: StepKind {
  static let name = "gdpr.retention"
  static let summary = "Drops, detaches, archives or anonymises rows whose time is over: whole partitions, then batches."
  static let recurring = true

  struct Parameters: ParameterSet {
    @Parameter("Table whose rows stay for a time.") var table: QualifiedName
    @Parameter("Column that says when a row's time began: a date or a point in time.") var key: Identifier
    @Parameter("How long a row stays.") var keep: CalendarInterval
    @Parameter("What becomes of older rows.") var mode: RetentionMode
    @Parameter("Rows that stay all the same: a condition over the row. A row for which it is NULL stays.")
    var except: SQLExpression?
    @Parameter("`anonymize`: columns, each with an expression over the row.") var set: OrderedMap<RowExpression>?
    @Parameter("`anonymize`: JSON columns, each with places whose values become null: `owner.name`, `items[*].email`.")
    var json: OrderedMap<[String]>?
    @Parameter("`anonymize`: true for a row that is done. Without it a row is done when `set` and `json` change nothing.")
    var done: SQLExpression?
    @Parameter("`archive`: where older rows go.") var archive: ArchivePlace?
    @Parameter("Partitions whose every row is over: `auto` takes them whole and the rest in batches, `only` leaves the"
      + " rest until its partition is over, `never` batches everything.")
    var partitions = PartitionUse.auto
    @Parameter("By foreign key that points here: `keep` rows that are referred to, or `follow` what the key does on delete.")
    var references: OrderedMap<ReferenceChoice> = [:]
    @Parameter("By trigger: `keep` (it fires), `disable` (off inside each batch's own transaction), or `{setting, to}` (a"
      + " setting its function lets through).")
    var triggers: OrderedMap<TriggerChoice> = [:]
    @Parameter("Rows without a time: `refuse` while there are any, or `keep` them.") var nullKey = NullTime.refuse
    @Parameter("Columns of a unique key without NULLs to walk along; the primary key by default.") var walk: [Identifier]?
    @Parameter("At most so many rows in a transaction.", tuning: true) var batch = 5_000
    @Parameter("How long a transaction should take.", tuning: true) var chunk: TimeSpan = .milliseconds(250)
    @Parameter("Time zone of dates and of times without a zone.") var timezone = "UTC"

    func check(_ report: inout Diagnostics) {
      if keep.isZero { report.error("retention.keep", "longer than nothing", at: $keep) }
      if batch < 1 { report.error("value.range", "a batch has at least one row", at: $batch) }
      if chunk <= .zero { report.error("value.range", "a batch takes longer than no time", at: $chunk) }
      checkAnonymize(&report)
      checkArchive(&report)
      if mode == .detachPartition, partitions == .never {
        report.error("retention.partitions", "`detach_partition` takes whole partitions only", at: $partitions)
      }
    }

    private func checkAnonymize(_ report: inout Diagnostics) {
      let changes = (set?.count ?? 0) + (json?.count ?? 0)
      if mode == .anonymize, changes == 0 {
        report.error(
          "retention.set", "nothing is done with older rows", at: $mode,
          hint: "for example `set: { ip_address: \"NULL\" }`, `json: { event_data: [email] }`")
      }
      if mode != .anonymize, changes > 0 || done != nil {
        report.error("retention.set", "`set`, `json` and `done` belong to `mode: anonymize`", at: $mode)
      }
      if mode == .anonymize, partitions == .only {
        report.error("retention.partitions", "rows are anonymised one by one, not by partition", at: $partitions)
      }
    }

    private func checkArchive(_ report: inout Diagnostics) {
      if mode == .archive, archive == nil {
        report.error(
          "retention.archive", "where do older rows go?", at: $mode,
          hint: "archive: { table: archive.logs }, or { schema: archive } for whole partitions")
      }
      if mode != .archive, archive != nil {
        report.error("retention.archive", "`archive` belongs to `mode: archive`", at: $archive)
      }
    }
  }

  static func compile(_ step: Step<Parameters>, _ facts: any Facts) async throws -> Program {
    let wanted = step.parameters
    do {
      if let back = try await Reattachment.program(
        step.phase, carry: step.carry, on: wanted.table, at: wanted.$table, facts)
      {
        return back
      }
      return try await RetentionCompiler(step: step, facts: facts).program()
    } catch let refusal as StepRefusal {
      return Program(findings: refusal.findings)
    }
  }
}

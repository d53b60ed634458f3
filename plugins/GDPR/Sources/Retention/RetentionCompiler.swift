import JSONText
import OnlineDDL
import PluginAPI

/// From parameters and catalog to the operations of `gdpr.retention`.
struct RetentionCompiler {
  let step: Step<GDPRRetention.Parameters>
  let facts: any Facts

  private var wanted: GDPRRetention.Parameters { step.parameters }

  func program() async throws -> Program {
    try await checkZone()
    let table = try await RetentionTable.read(wanted, facts)
    let inspection = RetentionFindings(wanted: wanted, table: table)
    var program = Program(findings: inspection.all)
    guard !program.findings.contains(where: { $0.code == "sql.syntax" }) else { return program }
    let columns = wanted.mode == .anonymize ? try AnonymizedColumns.read(wanted, table) : nil
    let cutoff = RetentionCutoff(
      table: table.name, key: table.key, keep: wanted.keep, mode: wanted.mode, timezone: wanted.timezone, run: step.runTag)
    let rule = RetentionRule(
      table: table.batch, key: table.key.column, cutoff: cutoff.kept, except: wanted.except?.text,
      keeping: inspection.keeping, open: columns?.open)
    program.findings += try await trials(table, rule.asking(cutoff.expression), columns)
    guard program.refusals.isEmpty else { return program }
    try await operations(&program, inspection, rule, cutoff, columns)
    return program
  }

  private func checkZone() async throws {
    guard let refused = try await facts.attempt("SELECT now() AT TIME ZONE \(Quoting.literal(wanted.timezone))") else {
      return
    }
    throw StepRefusal(
      "retention.timezone", "the server does not know time zone `\(wanted.timezone)` (\(refused.sqlState))",
      choices: ["timezone: UTC", "a name of pg_timezone_names"], at: wanted.$timezone)
  }

  // MARK: Looking

  /// The server's own word on names and types, then on rows: nothing is changed.
  private func trials(
    _ table: RetentionTable, _ rule: RetentionRule, _ columns: AnonymizedColumns?
  ) async throws -> [Finding] {
    let change = columns.map {
      "UPDATE \(table.batch.source) AS \(rule.alias) SET \($0.assignments) WHERE \(rule.condition)"
    }
    let statement = change ?? "SELECT FROM \(table.batch.source) AS \(rule.alias) WHERE \(rule.condition)"
    if let refused = try await facts.attempt("EXPLAIN \(statement)") {
      return [
        .refusal(
          "retention.statement", "the server refuses the batch's statement (\(refused.sqlState)): "
            + (refused.isAboutStatement ? refused.message : "see the server's log"),
          choices: ["correct the expressions", "`done`, where values cannot be compared"],
          at: wanted.except == nil ? wanted.$table : wanted.$except)
      ]
    }
    return [try await timeless(table), try await restless(rule, columns)].compactMap { $0 }
  }

  private func timeless(_ table: RetentionTable) async throws -> Finding? {
    guard wanted.nullKey == .refuse, table.batch[table.key.column]?.notNull == false else { return nil }
    let looking = "EXISTS (SELECT FROM \(table.batch.source) WHERE \(Quoting.identifier(table.key.column)) IS NULL)"
    let refused = try await facts.attempt("SELECT 1 / (CASE WHEN \(looking) THEN 0 ELSE 1 END)", timeout: "20s")
    guard let refused else { return nil }
    return .refusal(
      "retention.null_key",
      refused.sqlState == "22012" ? "rows of \(table.name) have no \(wanted.key): their time is never over"
        : "whether rows of \(table.name) have no \(wanted.key) could not be found out (\(refused.sqlState))",
      choices: ["null_key: keep (they stay)", "give them one in a step before (data.batch)"], at: wanted.$key)
  }

  /// Done twice, the change has to change nothing: a schedule does it every month.
  private func restless(_ rule: RetentionRule, _ columns: AnonymizedColumns?) async throws -> Finding? {
    guard let columns else { return nil }
    let looking = "SELECT 1 / (CASE WHEN \(columns.isRestless(rule)) THEN 0 ELSE 1 END)"
    guard let refused = try await facts.attempt(looking, timeout: "20s"), !refused.isTimeout else { return nil }
    guard refused.sqlState == "22012" else {
      return .refusal(
        "retention.statement", "what rows of \(rule.table.name) are to become cannot be made of some (\(refused.sqlState))",
        choices: ["correct the expressions"], at: wanted.$set)
    }
    return .refusal(
      "retention.not_idempotent",
      "rows of \(rule.table.name) that are anonymised would be changed again by the next run: "
        + (wanted.done == nil ? "what `set` makes of its own result is something else" : "`done` is not true for them"),
      choices: [
        "`done`, true for what has been changed and only for that: for example \"event_data ? 'anonymised'\"",
        "expressions that leave their own result as it is",
      ], at: wanted.done == nil ? wanted.$set : wanted.$done)
  }

  // MARK: Operations

  private func operations(
    _ program: inout Program, _ inspection: RetentionFindings, _ rule: RetentionRule, _ cutoff: RetentionCutoff,
    _ columns: AnonymizedColumns?
  ) async throws {
    let table = inspection.table
    program.operations.append(cutoff.note)
    let archive = try await archive(inspection)
    if let archive, !archive.exists { program.operations.append(archive.creation) }
    if inspection.takesPartitions, let byKey = table.byKey {
      let whole = try await WholePartitions(table: byKey, rule: rule, cutoff: cutoff, wanted: wanted, facts: facts)
        .program(then: retirement)
      program.findings += whole.findings
      program.operations += whole.operations
      program.carry = whole.carry
      program.privileges += whole.privileges
    }
    if let action = action(columns, archive, inspection), let walked = inspection.walked {
      let work = RetentionWork(
        wanted: wanted, rule: rule, keyset: table.keyset(along: walked), isOrdered: table.isOrdered, action: action,
        inspection: inspection, maxStall: step.maxStall)
      program.operations += work.operations
      program.privileges += work.privileges
    }
    program.privileges.append(Privilege(.create(schema: "caisson")))
  }

  private var retirement: Retirement {
    switch wanted.mode {
    case .archive: wanted.archive?.schema.map { .move(schema: $0) } ?? .keep
    case .detachPartition: .keep
    case .delete, .anonymize: .drop
    }
  }

  private func archive(_ inspection: RetentionFindings) async throws -> ArchiveTable? {
    guard inspection.deletesRows, let place = wanted.archive, let name = place.table, let walked = inspection.walked
    else { return nil }
    return try await ArchiveTable.read(
      name, for: inspection.table.batch, along: walked, run: step.runTag, at: wanted.$archive, facts)
  }

  private func action(
    _ columns: AnonymizedColumns?, _ archive: ArchiveTable?, _ inspection: RetentionFindings
  ) -> RetentionChunk.Action? {
    if let columns { return .update(columns) }
    guard inspection.deletesRows else { return nil }
    return archive.map { .move(to: $0) } ?? .delete
  }
}

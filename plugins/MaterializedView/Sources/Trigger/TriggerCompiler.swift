import Catalog
import PluginAPI

/// First the store and the function, then table by table a trigger, each in a transaction of its own: no two tables are
/// ever locked together. Later runs add what is missing and refresh what is due.
struct TriggerCompiler {
  let step: Step<MatviewTrigger.Parameters>
  let facts: any Facts

  private var wanted: MatviewTrigger.Parameters { step.parameters }
  private var key: String { ChangeMarks.key(wanted.name) }

  func program() async throws -> Program {
    let view = try await view()
    let reads = try await ViewReads.all(of: view.oid, facts)
    let tables = try await tables(reads).filter { $0.name.schema != "pg_catalog" }
    guard !tables.isEmpty else {
      throw StepRefusal(
        "matview.tables", "\(wanted.name) reads no table: nothing would ever mark it",
        choices: ["tables: the ones its functions read"], at: wanted.$name)
    }
    let heirs = try await ViewReads.heirs(of: tables, facts).filter { $0.kind != .materializedView }
    try await checkStore()
    var program = Program(
      findings: TriggerFindings(
        wanted: wanted, reads: reads, functions: try await ViewReads.functions(of: view.oid, facts)
      ).of(tables),
      privileges: [Privilege(.owner(view.name)), Privilege(.create(schema: "caisson"))]
        + heirs.map { Privilege(.owner($0.name)) })
    let former = try await former()
    if former != Watch(tables: tables.map(\.oid).sorted(), interval: wanted.minInterval.milliseconds) {
      program.operations.append(watching(tables, former: former))
    }
    program.operations += try await missing(heirs)
    if former != nil, wanted.refresh { program.operations += try await refresh(view) }
    return program
  }

  private func view() async throws -> RelationFacts {
    guard let view = try await facts.relation(wanted.name) else {
      let near = try await facts.relationNames(like: wanted.name)
      throw StepRefusal(
        "matview.view", "\(wanted.name) does not exist",
        choices: near.isEmpty ? ["make it in an earlier step with matview.create"] : near.map { "name: \($0)" },
        at: wanted.$name)
    }
    guard view.kind == .materializedView else {
      throw StepRefusal(
        "matview.view", "\(wanted.name) is a \(view.kind.noun): only a materialized view is ever stale",
        choices: ["name a materialized view"], at: wanted.$name)
    }
    return view
  }

  private func tables(_ reads: [ReadTable]) async throws -> [ReadTable] {
    guard !wanted.tables.isEmpty else { return reads }
    var tables: [ReadTable] = []
    for table in wanted.tables {
      guard let found = try await facts.relation(table.value) else {
        let near = try await facts.relationNames(like: table.value).map { "\($0)" }
        throw StepRefusal(
          "matview.tables", "\(table.value) does not exist", choices: near.isEmpty ? ["leave it out"] : near,
          at: table.range)
      }
      guard [.table, .partitionedTable, .foreignTable, .materializedView].contains(found.kind) else {
        throw StepRefusal(
          "matview.tables", "\(table.value) is a \(found.kind.noun): nobody writes to it",
          choices: ["name the tables behind it", "leave `tables` out: they are found"], at: table.range)
      }
      tables.append(
        reads.first { $0.oid == found.oid } ?? ReadTable(oid: found.oid, name: found.name, kind: found.kind))
    }
    return tables.sorted { $0.name < $1.name }
  }

  /// A function that may not write its mark would fail the application's own statement.
  private func checkStore() async throws {
    let row = try await facts.rows(
      """
      SELECT c.oid IS NULL OR has_table_privilege(c.oid, 'INSERT') AS allowed, pg_get_userbyid(c.relowner) AS owner
      FROM (SELECT to_regclass(\(literal: ChangeMarks.table.quoted)) AS oid) t LEFT JOIN pg_class c ON c.oid = t.oid
      """).first
    guard let row, try !row.bool("allowed") else { return }
    throw StepRefusal(
      "matview.store",
      "\(ChangeMarks.table) belongs to \(row["owner"] ?? "another role"), and this role may not write to it",
      choices: ["run the plan as that role", "GRANT it SELECT, INSERT, UPDATE and DELETE on the tables caisson.matview_…"],
      at: wanted.$name)
  }

  // MARK: The watch

  private struct Watch: Equatable {
    var tables: [Int64]
    /// In milliseconds.
    var interval: Int64
  }

  private func former() async throws -> Watch? {
    let there = try await facts.rows("SELECT to_regclass(\(literal: StalenessStore.watch.quoted)) IS NOT NULL AS there")
    guard try there.first?.bool("there") == true else { return nil }
    return try await facts.rows(
      """
      SELECT ARRAY(SELECT t::int8::text FROM unnest(tables) t ORDER BY t::int8) AS tables,
        (extract(epoch FROM min_interval) * 1000)::int8 AS ms
      FROM \(id: StalenessStore.watch) WHERE view = \(literal: key)
      """
    ).first.map { Watch(tables: try $0.strings("tables").compactMap(Int64.init), interval: try $0.int64("ms")) }
  }

  private func watching(_ tables: [ReadTable], former: Watch?) -> Operation {
    let trigger = MarkTrigger(view: wanted.name)
    let statements = [MatviewRegister.create, StalenessStore.create] + trigger.functionStatements
      + [set(tables.map { "\(literal: $0.name.quoted)::regclass" }, wanted.minInterval.milliseconds)]
    return .transaction(
      id: "watch", title: "keep marks of changes of \(wanted.name)", statements.map { TransactionStatement($0) },
      undo: former.map { former in
        .operations([
          .transaction(
            id: "before", title: "watch \(wanted.name) as before",
            [TransactionStatement(set(former.tables.map { SQL(verbatim: String($0)) }, former.interval))],
            undo: .nothing)
        ])
      } ?? .recompile(phase: MatviewTrigger.removal))
  }

  private func set(_ tables: [SQL], _ interval: Int64) -> SQL {
    """
    INSERT INTO \(id: StalenessStore.watch) AS w (view, tables, min_interval, step)
    VALUES (\(literal: key), ARRAY[\(sql: tables.joined(separator: ", "))]::oid[], \(literal: "\(interval) ms"),
      \(literal: step.id))
    ON CONFLICT (view) DO UPDATE SET tables = excluded.tables, min_interval = excluded.min_interval,
      step = excluded.step
    """
  }

  /// Tables without the trigger, or with it switched off.
  private func missing(_ heirs: [ReadTable]) async throws -> [Operation] {
    let trigger = MarkTrigger(view: wanted.name)
    let there = try await facts.rows(
      "SELECT tgrelid::int8 AS oid, tgenabled = 'A' AS always FROM pg_trigger WHERE tgname = \(trigger.trigger)")
    var isOn: [Int64: Bool] = [:]
    for row in there { isOn[try row.int64("oid")] = try row.bool("always") }
    return heirs.filter { isOn[$0.oid] != true }.map { trigger.operation(on: $0, isOff: isOn[$0.oid] == false) }
  }

  // MARK: Refreshing

  private func refresh(_ view: RelationFacts) async throws -> [Operation] {
    guard try await ChangeWatch.read(view.name, facts).standing == .due,
      let target = try await RefreshSurvey(facts: facts).targets().first(where: { $0.oid == view.oid })
    else { return [] }
    let how = target.isConcurrent ? "concurrently" : "in full"
    return [
      RefreshBlock(target, maxStall: step.maxStall).operation(
        id: "refresh", title: "refresh \(target.name) \(how)", unless: ChangeWatch.isIdle(target.name))
    ]
  }
}

import JSONText
import PlanSchema
import PluginAPI

/// From parameters, map and catalog to the operations of `gdpr.anonymize`.
struct AnonymizeCompiler {
  let step: Step<GDPRAnonymize.Parameters>
  let facts: any Facts

  private var wanted: GDPRAnonymize.Parameters { step.parameters }

  func program() async throws -> Program {
    let map = try await ResolvedMap.read(wanted.map, facts)
    let (triggers, lost) = try await disabledTriggers()
    var findings = map.findings + lost + AnonymizeFindings(wanted: wanted, map: map).all
    if findings.allSatisfy({ $0.severity != .refusal }) {
      findings += try await AnonymizeCheck(wanted: wanted, map: map, facts: facts).all()
    }
    if findings.contains(where: { $0.severity == .refusal }) { return Program(findings: findings) }
    findings += try await Preview(wanted: wanted, map: map, facts: facts).findings()
    let work = work(map, triggers)
    return Program(
      findings: findings, operations: work.operations, carry: try work.quarantine?.carry ?? .null, privileges: work.privileges)
  }

  func check() async throws -> Program {
    let map = try await ResolvedMap.read(wanted.map, facts)
    let (triggers, lost) = try await disabledTriggers()
    let refusals = (map.findings + lost).filter { $0.severity == .refusal }
    let work = work(map, triggers)
    return Program(
      findings: refusals, operations: refusals.isEmpty ? work.check : [], carry: step.carry, privileges: work.privileges)
  }

  private func work(_ map: ResolvedMap, _ triggers: [DisabledTrigger]) -> AnonymizeWork {
    AnonymizeWork(
      wanted: wanted, map: map, tables: WorkTables(tag: step.runTag), triggers: triggers,
      quarantine: wanted.quarantine.map { Quarantine($0, map, marker: wanted.marker, tag: step.runTag) })
  }

  private func disabledTriggers() async throws -> ([DisabledTrigger], [Finding]) {
    var triggers: [DisabledTrigger] = [], findings: [Finding] = []
    for name in wanted.triggers.disabled {
      let found = try await facts.rows(
        """
        SELECT g.tgname AS name, g.tgenabled AS mode FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = \(name.table.schema) AND c.relname = \(name.table.name) AND NOT g.tgisinternal ORDER BY g.tgname
        """)
      guard let row = found.first(where: { $0["name"] == name.trigger }) else {
        let near = Spelling.nearest(to: name.trigger, in: found.compactMap { $0["name"] })
        findings.append(
          .refusal(
            "gdpr.trigger", "\(name.table) has no trigger `\(name.trigger)`",
            choices: [near.map { "did you mean `\($0)`?" } ?? "correct the name"], at: wanted.$triggers))
        continue
      }
      // One that does not fire stays as it is.
      if row["mode"] != "D" { triggers.append(DisabledTrigger(name: name, mode: row["mode"] ?? "O")) }
    }
    return (triggers, findings)
  }
}

/// The operations, everything about them known.
struct AnonymizeWork {
  let wanted: GDPRAnonymize.Parameters
  let map: ResolvedMap
  let tables: WorkTables
  let triggers: [DisabledTrigger]
  let quarantine: Quarantine?

  private var digests: ValueDigests? { wanted.residualScan ? ValueDigests(map: map, tables: tables) : nil }

  var operations: [Operation] { [select, batches] }
  var check: [Operation] {
    let changed = map.tables.filter { $0.isOwned && !$0.changed.isEmpty }.map(\.name)
    return [settle, look] + scan + [count] + anonymity + [PlannerSamples(tables: changed).forget, finish]
  }

  private var batch: AnonymizeBatch {
    AnonymizeBatch(wanted: wanted, map: map, tables: tables, digests: digests, quarantine: quarantine, triggers: triggers)
  }

  var privileges: [Privilege] {
    [Privilege(.create(schema: "caisson"))]
      + map.tables.filter { !$0.changed.isEmpty }.map { Privilege(.table($0.name, right: "UPDATE")) }
      + triggers.map { Privilege(.owner($0.name.table), alternative: "a setting that the trigger looks at") }
      + (wanted.quarantine.map { [Privilege(.create(schema: $0.schema.name))] } ?? [])
  }

  private var select: Operation {
    let create = tables.create(Selection(wanted: wanted, map: map)) + (quarantine?.create ?? [])
    let drop = tables.drop + (quarantine?.tables.map { "DROP TABLE IF EXISTS \(id: $0)" } ?? [])
    return .transaction(
      id: "select", title: "select the subjects", create.map { TransactionStatement($0) },
      undo: .operations([
        .transaction(
          id: "forget", title: "forget the selection", drop.map { TransactionStatement($0) }, undo: .nothing)
      ]))
  }

  private var batches: Operation {
    let statements = batch.statements
    return .chunked(
      id: "anonymize", title: "anonymise the selected subjects",
      ChunkedWork(
        statements, total: "SELECT count(*) FROM \(id: tables.work)", size: wanted.batch, largestSize: wanted.batch,
        target: target, settings: Self.room + wanted.triggers.settings),
      locks: DisabledTrigger.locks(statements, triggers), undo: undo)
  }

  /// A batch of fewer people costs as much where a reference has no index: `batch` decides, unless others wait for it.
  private var target: TimeSpan { triggers.isEmpty ? .seconds(10) : .milliseconds(250) }

  private var undo: Undo {
    guard let quarantine else { return .irreversible(reason: "the original values are gone; `quarantine` keeps them for a while") }
    return .operations(quarantine.restore(settings: wanted.triggers.settings, triggers: triggers))
  }

  /// What a condition of the map asks is hashed once where it fits, and asked again for each row where it does not (measured
  /// on a log of 200,000: 0.2 s or 8.4 s, and the one grows with the log, the other with its square).
  private static let room = [Setting("work_mem", "256MB")]

  /// Rows that were written below somebody who had been done already.
  private var settle: Operation {
    let statements = batch.settling
    // All at once costs little more than some, unless others wait for it.
    let size = triggers.isEmpty ? 1_000_000 : wanted.batch
    return .chunked(
      id: "settle", title: "anonymise what was written meanwhile",
      ChunkedWork(
        statements, size: size, largestSize: size, target: target, settings: Self.room + wanted.triggers.settings),
      locks: DisabledTrigger.locks(statements, triggers), undo: .nothing)
  }

  /// Every row of those who were done is as the actions make it; if it is not, the phase is run again.
  private var look: Operation {
    let queries = map.tables.filter { $0.isOwned && !$0.changed.isEmpty }.map { table in
      TransactionStatement(
        """
        SELECT NOT EXISTS (SELECT FROM \(sql: table.source)
        WHERE \(sql: table.rows(of: tables.done, key: map.key.name)) AND NOT \(sql: table.looksDone))
        """, expect: .isTrue, onMismatch: .retryPhase,
        message: "\(table.name) has rows of a processed subject that are not as the map says: they are written meanwhile")
    }
    return .transaction(id: "look", title: "look at every row of those who were done", queries, settings: Self.room, undo: .nothing)
  }

  private var scan: [Operation] {
    guard let digests else { return [] }
    let share = digests.share
    var list: [Operation] = []
    if !share.isEmpty {
      list.append(
        .transaction(
          id: "share", title: "set aside values that other people have too", share.map { TransactionStatement($0) },
          settings: Self.room, undo: .nothing))
    }
    return list + [
      .observe(id: "scan", title: "look for values that were replaced", ObserveWork(digests.scan))
    ]
  }

  /// Only how many; the results are kept as evidence.
  private var count: Operation {
    .observe(
      id: "count", title: "count who was done and who was left alone",
      ObserveWork([
        .init("processed", "SELECT FROM \(id: tables.work) AS w WHERE w.state = 'taken'"),
        .init("active_or_held_meanwhile", "SELECT FROM \(id: tables.work) AS w WHERE w.state = 'skipped'"),
      ]))
  }

  private var anonymity: [Operation] {
    guard let wanted = wanted.kAnonymity else { return [] }
    let columns = wanted.quasiIdentifiers.map { "t.\(id: $0.value.name)" as SQL }.joined(separator: ", ")
    let marked: SQL = self.wanted.marker.map { "t.\(id: $0.column.name) IS TRUE OR " } ?? ""
    let query: SQL = """
      SELECT coalesce(bool_and(g.n >= \(sql: "\(wanted.k)")), true) FROM (
        SELECT count(*) AS n FROM \(sql: map.subject.source)
        WHERE \(sql: marked)t.\(id: map.key.name) IN \(sql: tables.done.list) GROUP BY \(sql: columns)) AS g
      """
    let names = wanted.quasiIdentifiers.map { QualifiedName.readable($0.value.name) }.joined(separator: ", ")
    return [
      .observe(
        id: "k-anonymity", title: "look whether anybody stands out by \(names)",
        ObserveWork([
          .init(
            "k_anonymity", query, expect: .isTrue,
            message: "fewer than \(wanted.k) people share a combination of \(names): generalize them further")
        ]))
    ]
  }

  private var finish: Operation {
    .transaction(
      id: "finish", title: "drop what the step remembered", tables.drop.map { TransactionStatement($0) },
      locks: [tables.work, tables.values, tables.salt].map { RelationLock(.accessExclusive, $0) }, undo: .nothing)
  }
}

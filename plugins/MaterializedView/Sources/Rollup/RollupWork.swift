import PlanSchema
import PluginAPI

/// The operations of a rollup.
struct RollupWork {
  let wanted: MatviewRollup.Parameters
  let query: RollupQuery
  let run: String

  var key: String { Quoting.literal(RollupStore.key(wanted.table)) }
  var periods: String { RollupStore.period.quoted }
  var table: String { wanted.table.quoted }

  /// When a period ended, as an instant.
  var end: String { "(p.ends AT TIME ZONE \(Quoting.literal(wanted.timezone)))" }
  private var lookback: String { "interval \(Quoting.literal(wanted.lookback.description))" }
  /// It ended too long ago to be computed again.
  var isOld: String { "\(end) <= now() - \(lookback)" }
  var isClosed: String { "\(end) + interval \(Quoting.literal(wanted.closedAfter.description)) <= now()" }

  var first: [Operation] { [strays, make, discover, fill(keeping: false), wholeCheck].compactMap { $0 } }

  func later(isChanged: Bool) -> [Operation] {
    [strays, begin(isChanged: isChanged), discover, fill(keeping: true), wanted.sample > 0 ? sample : nil]
      .compactMap { $0 }
  }

  /// Names the step's own run in the store, so that an earlier one's rollback leaves alone what came after it.
  func register(_ text: String) -> SQL {
    """
    INSERT INTO \(id: RollupStore.rollup) AS r (rollup, period, timezone, query, lookback, closed_after, latest_run)
    VALUES (\(sql: key), \(literal: wanted.period.interval), \(literal: wanted.timezone), \(literal: text),
      \(literal: wanted.lookback.description), \(literal: wanted.closedAfter.description), \(literal: run))
    ON CONFLICT (rollup) DO UPDATE SET query = excluded.query, lookback = excluded.lookback,
      closed_after = excluded.closed_after, latest_run = excluded.latest_run
    """
  }

  /// The bounds for the statements that follow in the transaction.
  func bounds(_ source: String) -> SQL {
    SQL(verbatim: """
      SELECT set_config('\(RollupQuery.lowSetting)', b.low::text, true),
        set_config('\(RollupQuery.highSetting)', b.high::text, true) FROM (\(source)) AS b (low, high)
      """)
  }

  // MARK: Before

  private var strays: Operation? {
    guard wanted.nullPeriods == .refuse else { return nil }
    return .observe(
      id: "strays", title: "look for rows that belong to no period",
      ObserveWork([
        .init(
          "no_strays", SQL(verbatim: query.hasNoStrays), expect: .isTrue,
          message: "the query has rows that belong to no period, NULL or infinite: give them a time, or say"
            + " `null_periods: ignore`")
      ]))
  }

  private var make: Operation {
    let drop: [SQL] = [
      "DROP TABLE IF EXISTS \(id: wanted.table)", "DROP TABLE IF EXISTS \(id: RollupStore.before(wanted.table))",
      "DELETE FROM \(id: RollupStore.rollup) WHERE rollup = \(sql: key)", RollupStore.dropUnused,
    ]
    let index = Quoting.identifier(Quoting.fitted("\(wanted.table.name)_\(wanted.by.name)", suffix: "_period"))
    return .transaction(
      id: "make", title: "create \(wanted.table)",
      ([
        RollupStore.create, "CREATE TABLE \(id: wanted.table) AS \(sql: query.shape) WITH NO DATA",
        "CREATE INDEX \(sql: index) ON \(id: wanted.table) (\(id: wanted.by.name))", register(wanted.query.text),
      ] as [SQL]).map { TransactionStatement($0) },
      locks: [RelationLock(.accessExclusive, wanted.table)],
      undo: .operations([
        .transaction(
          id: "drop", title: "drop \(wanted.table)", drop.map { TransactionStatement($0) },
          locks: [
            RelationLock(.accessExclusive, wanted.table), RelationLock(.accessExclusive, RollupStore.before(wanted.table)),
          ], undo: .nothing)
      ]))
  }

  /// The rows of the run before can no longer be given back from here on.
  private func begin(isChanged: Bool) -> Operation {
    let before = RollupStore.before(wanted.table)
    var statements: [SQL] = [
      "DROP TABLE IF EXISTS \(id: before)",
      """
      CREATE TABLE \(id: before) AS SELECT \(sql: query.quotedColumns) FROM \(id: wanted.table) WITH NO DATA
      """,
      register(wanted.query.text),
    ]
    if isChanged {
      statements.append("UPDATE \(id: RollupStore.period) SET computed_at = NULL WHERE rollup = \(sql: key)")
    }
    return .transaction(
      id: "begin", title: "make room for what \(wanted.table) holds now", statements.map { TransactionStatement($0) },
      locks: [RelationLock(.accessExclusive, before)], undo: .operations([restore]))
  }

  /// A later run's rows are newer than ours: then nothing is given back.
  private var restore: Operation {
    let isOurs = "p.rollup = \(key) AND p.replaced_by = \(Quoting.literal(run))"
    let statements = [
      "DELETE FROM \(table) AS t USING \(periods) AS p WHERE \(isOurs) AND "
        + query.within(alias: "t", from: "p.starts", to: "p.ends"),
      """
      INSERT INTO \(table) (\(query.quotedColumns)) SELECT \(query.quotedColumns)
      FROM \(RollupStore.before(wanted.table).quoted)
      """,
      "UPDATE \(periods) AS p SET computed_at = NULL, replaced_by = NULL WHERE \(isOurs)",
    ]
    return .transaction(
      id: "restore", title: "give \(wanted.table) back the rows that were replaced",
      statements.map { TransactionStatement(SQL(verbatim: $0)) },
      unless: """
        SELECT NOT EXISTS (SELECT FROM \(id: RollupStore.rollup) WHERE rollup = \(sql: key) AND latest_run = \(literal: run))
        """, undo: .nothing)
  }

  /// Periods nobody has seen yet: after the last one up to now or to the last row, and before the first one.
  private var discover: Operation {
    let known = "FROM \(periods) p WHERE p.rollup = \(key)"
    let now = "(now() AT TIME ZONE \(Quoting.literal(wanted.timezone)))"
    let unit = "interval '\(wanted.period.interval)'"
    func insert(_ from: String, _ to: String) -> SQL {
      SQL(verbatim: """
        INSERT INTO \(periods) (rollup, starts, ends)
        SELECT \(key), s.at, s.at + \(unit) FROM (\(query.extent)) AS e
        CROSS JOIN LATERAL generate_series(\(from), \(to), \(unit)) AS s(at) ON CONFLICT DO NOTHING
        """)
    }
    let statements = [
      bounds("SELECT coalesce(max(p.ends), '-infinity'), timestamp 'infinity' \(known)"),
      insert(
        "coalesce((SELECT max(p.ends) \(known)), \(wanted.period.start(of: "e.first")))",
        "greatest(\(wanted.period.start(of: "e.last")), \(wanted.period.start(of: now)))"),
      bounds("SELECT timestamp '-infinity', min(p.starts) \(known)"),
      insert(
        wanted.period.start(of: "e.first"), "(SELECT min(p.starts) \(known)) - \(unit)"),
    ]
    return Operation(
      id: "periods", title: "find the periods of \(wanted.table)",
      work: .transaction(TransactionWork(statements.map { TransactionStatement($0) }, isolation: .repeatableRead)),
      undo: .nothing)
  }
}

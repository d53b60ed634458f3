import JSONText
import PluginAPI

/// A view that may be refreshed, with what catalog and register say about it.
struct RefreshTarget: Sendable, Hashable {
  var oid: Int64
  var name: QualifiedName
  var isPopulated: Bool
  /// A unique index on plain columns, as CONCURRENTLY needs.
  var tellsRowsApart: Bool
  var isOurs: Bool
  var entry: MatviewRegister.Entry?
  /// Milliseconds since the moment its rows are of; `nil`: never recorded.
  var age: Int64?
  var hasFailed: Bool
  /// Its tables leave marks; without, nobody knows whether they have changed.
  var isWatched: Bool
  /// As far as is known: without marks everything may have changed.
  var isMarked: Bool
  /// By its cron time; `false` also without one.
  var isTimed: Bool
  /// Materialized views it reads, through plain views too.
  var reads: Set<Int64>

  var mode: RefreshMode { entry.flatMap { RefreshMode(rawValue: $0.mode) } ?? .auto }
  /// On rows that somebody may be reading.
  var isConcurrent: Bool { isPopulated && tellsRowsApart && mode != .full }
  /// Nobody can read a view that was never filled.
  var stallsReaders: Bool { isPopulated && !isConcurrent }
  var timeout: TimeSpan { TimeSpan(milliseconds: entry?.timeoutMilliseconds ?? 1_800_000) }

  /// Whether it is time, as far as the view alone can say; a reason when not.
  var waits: String? {
    guard isPopulated, let age, let entry, !hasFailed else { return nil }
    if age < entry.minIntervalMilliseconds {
      return "its rows are \(TimeSpan(milliseconds: age)) old, min_interval is"
        + " \(TimeSpan(milliseconds: entry.minIntervalMilliseconds))"
    }
    guard let every = entry.every else { return nil }
    if let span = try? TimeSpan(parsing: every) {
      return age < span.milliseconds ? "its rows are \(TimeSpan(milliseconds: age)) old, every is \(span)" : nil
    }
    return isTimed ? nil : "its time (\(every)) has not come since the last refresh"
  }

  /// Nothing has changed since, by the marks.
  var isUnchanged: Bool {
    isPopulated && age != nil && !hasFailed && (entry?.onlyIfChanged ?? false) && isWatched && !isMarked
  }
}

/// Reads all of them at once.
struct RefreshSurvey {
  let facts: any Facts

  func targets() async throws -> [RefreshTarget] {
    let entries = Dictionary(
      try await MatviewRegister.entries(facts).map { ($0.view, $0) }, uniquingKeysWith: { first, _ in first })
    let states = try await states(isRegistered: !entries.isEmpty)
    let unchanged = try await ChangeWatch.unchanged(facts), watched = try await ChangeMarks.watched(facts)
    let reads = try await reads()
    var targets: [RefreshTarget] = []
    for row in try await facts.rows(RefreshSurvey.views) {
      let oid = try row.int64("oid")
      let name = QualifiedName(try row.string("schema"), try row.string("name"))
      let key = MatviewRegister.key(name)
      let isTimed = try await isTimed(entries[key])
      targets.append(RefreshTarget(
        oid: oid, name: name, isPopulated: try row.bool("populated"), tellsRowsApart: try row.bool("keyed"),
        isOurs: try row.bool("ours"), entry: entries[key], age: states[key]?.age,
        hasFailed: states[key]?.failed ?? false, isWatched: watched.contains(key), isMarked: !unchanged.contains(key),
        isTimed: isTimed, reads: reads[oid] ?? []))
    }
    return targets
  }

  private static let views: SQL = """
    SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relispopulated AS populated,
      pg_has_role(current_user, c.relowner, 'USAGE') AS ours,
      EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indimmediate AND 0 <> ALL (i.indkey::int2[])) AS keyed
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' AND n.nspname !~ '^pg_' AND c.relname !~ '_caisson_(new|old)$'
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
    """

  private func states(isRegistered: Bool) async throws -> [String: (age: Int64?, failed: Bool)] {
    guard isRegistered else { return [:] }
    let rows = try await facts.rows(
      """
      SELECT view, (extract(epoch FROM clock_timestamp() - as_of) * 1000)::int8 AS age, failure IS NOT NULL AS failed
      FROM \(id: MatviewRegister.table)
      """)
    return Dictionary(
      try rows.map { (try $0.string("view"), (age: $0["age"].flatMap { Int64($0) }, failed: try $0.bool("failed"))) },
      uniquingKeysWith: { first, _ in first })
  }

  /// From each materialized view to those below it, whatever plain views lie between.
  private func reads() async throws -> [Int64: Set<Int64>] {
    let rows = try await facts.rows(
      """
      WITH RECURSIVE link(reader, oid) AS (
        SELECT r.ev_class, d.refobjid FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        WHERE r.rulename = '_RETURN' AND d.refobjid <> r.ev_class
      ), reads(view, oid) AS (
        SELECT c.oid, l.oid FROM pg_class c JOIN link l ON l.reader = c.oid WHERE c.relkind = 'm'
        UNION
        SELECT r.view, l.oid FROM reads r JOIN link l ON l.reader = r.oid
      )
      SELECT r.view::int8 AS view, r.oid::int8 AS oid FROM reads r JOIN pg_class c ON c.oid = r.oid WHERE c.relkind = 'm'
      """)
    return try rows.reduce(into: [:]) { $0[try $1.int64("view"), default: []].insert(try $1.int64("oid")) }
  }

  /// A cron time lies between the last refresh and now, by the server's clock in UTC. What is older than a month is due.
  private func isTimed(_ entry: MatviewRegister.Entry?) async throws -> Bool {
    guard let entry, let text = entry.every, (try? TimeSpan(parsing: text)) == nil,
      let cron = try? CronExpression(parsing: text)
    else { return false }
    func list(_ numbers: [Int]) -> SQL { "ANY (\(numbers.map(Int64.init))::int8[])" }
    let days: SQL = "extract(day FROM t) = \(sql: list(cron.days.numbers))"
    let weekdays: SQL = "extract(dow FROM t) = \(sql: list(cron.weekdays.numbers))"
    let both: SQL = cron.needsBothDays ? "\(sql: days) AND \(sql: weekdays)" : "(\(sql: days) OR \(sql: weekdays))"
    let rows = try await facts.rows(
      """
      SELECT m.as_of < now() - interval '31 days' OR EXISTS (
        SELECT FROM generate_series(
          date_trunc('minute', m.as_of AT TIME ZONE 'UTC') + interval '1 minute', now() AT TIME ZONE 'UTC',
          interval '1 minute') AS t
        WHERE extract(minute FROM t) = \(sql: list(cron.minutes.numbers))
          AND extract(hour FROM t) = \(sql: list(cron.hours.numbers))
          AND extract(month FROM t) = \(sql: list(cron.months.numbers)) AND \(sql: both)) AS due
      FROM \(id: MatviewRegister.table) AS m WHERE m.view = \(entry.view) AND m.as_of IS NOT NULL
      """)
    return try rows.first?.bool("due") ?? true
  }
}

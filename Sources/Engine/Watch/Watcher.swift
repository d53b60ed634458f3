import PostgresClient
import SQLText

/// Looks at our own waiting backends a few times a second and says who blocks them; reads progress views.
///
/// It has a connection of its own, opened when the first statement lasts longer than a quarter of a second.
actor Watcher {
  private let target: Target
  private let inFlight: InFlight
  private let reporter: Reporter
  private var connection: Connection?
  /// `nil`: blockers are named only.
  private var ending: BlockerEnding?

  init(target: Target, inFlight: InFlight, ending: BlockerEnding? = nil, reporter: @escaping Reporter) {
    self.target = target
    self.inFlight = inFlight
    self.ending = ending
    self.reporter = reporter
  }

  /// Waits for locks are short, `max_stall` at most: who has to see them all looks sooner.
  func run() async {
    let pace: (pause: Duration, age: Duration) = ending == nil
      ? (.milliseconds(200), .milliseconds(250)) : (.milliseconds(50), .milliseconds(50))
    while !Task.isCancelled {
      try? await Task.sleep(for: pace.pause)
      let waiting = inFlight.older(than: pace.age)
      if !waiting.isEmpty { await look(at: waiting) }
    }
    await connection?.close()
  }

  private func look(at waiting: [(key: Int, entry: InFlight.Entry)]) async {
    do {
      let connection = try await open()
      try await nameBlockers(waiting, on: connection)
      if var ending {
        defer { self.ending = ending }
        try await ending.look(at: waiting.map(\.entry), on: connection, reporter)
      }
      for (key, entry) in waiting { try await readProgress(key, entry, on: connection) }
    } catch {
      await connection?.close()
      connection = nil
    }
  }

  private func open() async throws -> Connection {
    if let connection { return connection }
    let opened = try await target.connect(purpose: "watch")
    connection = opened
    return opened
  }

  private func nameBlockers(_ waiting: [(key: Int, entry: InFlight.Entry)], on connection: Connection) async throws {
    let pids = waiting.map(\.entry.pid)
    let rows = try await connection.query(Self.blockers(of: pids)).rows
    for (key, entry) in waiting {
      let blockers = try rows.filter { $0["waiting"] == String(entry.pid) }.map(Self.blocker)
      guard !blockers.isEmpty || !entry.blockers.isEmpty else { continue }
      inFlight.update(key) { $0.blockers = blockers.isEmpty ? $0.blockers : blockers }
      if !blockers.isEmpty {
        reporter(.blocked(step: entry.step, by: blockers, milliseconds: (ContinuousClock.now - entry.started).milliseconds))
      }
    }
  }

  private func readProgress(_ key: Int, _ entry: InFlight.Entry, on connection: Connection) async throws {
    guard let query = entry.progress, (entry.lastReport.map { ContinuousClock.now - $0 > .milliseconds(500) } ?? true)
    else { return }
    inFlight.update(key) { $0.lastReport = .now }
    let bound = PlaceholderText.binding("$pid", to: String(entry.pid), in: query)
    guard let row = try await connection.query(bound).rows.first, let done = row[0].flatMap(Double.init) else { return }
    reporter(.progress(step: entry.step, done: done, total: row[1].flatMap(Double.init), unit: "blocks", note: row[2]))
  }

  /// `pg_blocking_pids` takes every partition of the lock table: asked only about backends that wait for a lock.
  private static func blockers(of pids: [Int]) -> SQL {
    """
    SELECT w.pid AS waiting, b.pid, coalesce(b.usename, '') AS usename, coalesce(b.application_name, '') AS app,
      coalesce(b.state, b.backend_type) AS state,
      coalesce(extract(epoch FROM clock_timestamp() - b.xact_start), 0)::int AS seconds
    FROM pg_stat_activity w
    CROSS JOIN LATERAL unnest(CASE WHEN w.wait_event_type = 'Lock' THEN pg_blocking_pids(w.pid) ELSE '{}' END) AS x(pid)
    JOIN pg_stat_activity b ON b.pid = x.pid
    WHERE w.pid = ANY (\(pids)::int[])
    """
  }

  private static func blocker(_ row: Row) throws -> Blocker {
    Blocker(
      pid: try row.int("pid"), user: try row.string("usename"), application: try row.string("app"),
      state: try row.string("state"), seconds: try row.int("seconds"))
  }
}

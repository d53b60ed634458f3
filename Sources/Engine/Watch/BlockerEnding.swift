import Journal
import PlanModel
import PlanSchema
import PostgresClient
import SQLText

/// `blockers: { cancel: [roles], after: 30s }`: ends what has been in our way for that long, if it is of one of the roles.
///
/// Only holders of what a statement of ours waits for, or of what a concurrent build would wait for; never a superuser's
/// session, a replication's, or another one of caisson's.
struct BlockerEnding {
  let rule: BlockerRule
  let run: String
  let runner: String
  private var patience: BlockerPatience
  /// What was refused is said once.
  private var isRefused = false

  init(_ rule: BlockerRule, run: String, runner: String) {
    self.rule = rule
    self.run = run
    self.runner = runner
    patience = BlockerPatience(after: rule.after.milliseconds)
  }

  /// Looks once. Whether the server lets us is found out by trying.
  mutating func look(at waiting: [InFlight.Entry], on connection: Connection, _ reporter: Reporter) async throws {
    for entry in waiting {
      let rows = try await connection.query(holders(for: entry)).rows
      for row in rows { try await judge(row, entry, on: connection, reporter) }
      if let now = try rows.first?.int64("now") { patience.forget(now: now) }
    }
  }

  private mutating func judge(
    _ row: Row, _ entry: InFlight.Entry, on connection: Connection, _ reporter: Reporter
  ) async throws {
    let pid = try row.int("pid"), now = try row.int64("now"), role = try row.string("role")
    let transaction = BlockerPatience.Transaction(pid: pid, began: try row.string("began"))
    guard let act = patience.sees(transaction, isIdle: try row.bool("idle"), now: now) else { return }
    let seconds = patience.seconds(transaction, now: now)
    do {
      let signal = JournalSQL.signalBlocker(
        pid: pid, began: transaction.began, terminating: act == .terminate, seconds: seconds, run: run, step: entry.step,
        actor: runner)
      guard !(try await connection.query(signal).rows.isEmpty) else { return }
      let what = act == .terminate ? "ended the session of" : "canceled"
      reporter(.notice(step: entry.step, text: "\(what) pid \(pid) (\(role)): in the way for \(seconds) s"))
    } catch {
      guard error.sqlState == "42501" else { throw error }
      if !isRefused {
        reporter(.notice(step: entry.step, text: "pid \(pid) (\(role)) may not be canceled: \(BlockerRights.remedy)"))
      }
      isRefused = true
    }
  }

  /// `pg_blocking_pids` names those who merely wait before us as well: only holders are meant. A pid that a pooler made
  /// up may be another's, so ours have to be ours by name and role.
  private func holders(for entry: InFlight.Entry) -> SQL {
    """
    WITH ours AS (
      SELECT w.pid FROM pg_stat_activity w, pg_stat_activity me
      WHERE w.pid = \(entry.pid) AND w.wait_event_type = 'Lock' AND me.pid = pg_backend_pid()
        AND w.usesysid = me.usesysid AND w.application_name LIKE 'caisson:%'
    ), held AS (
      SELECT b.pid FROM ours o, unnest(pg_blocking_pids(o.pid)) b(pid)
      WHERE EXISTS (
        SELECT FROM pg_locks m JOIN pg_locks t ON t.locktype = m.locktype
          AND (t.database, t.relation, t.page, t.tuple, t.virtualxid, t.transactionid, t.classid, t.objid, t.objsubid)
            IS NOT DISTINCT FROM
            (m.database, m.relation, m.page, m.tuple, m.virtualxid, m.transactionid, m.classid, m.objid, m.objsubid)
        WHERE m.pid = o.pid AND NOT m.granted AND t.pid = b.pid AND t.granted)
      UNION SELECT unnest(\(entry.waitsFor)::int[])
    )
    SELECT a.pid, r.rolname AS role, a.xact_start::text AS began, a.state LIKE 'idle in transaction%' AS idle,
      (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now
    FROM held JOIN pg_stat_activity a ON a.pid = held.pid JOIN pg_roles r ON r.oid = a.usesysid
    WHERE r.rolname = ANY (\(rule.roles)::name[]) AND NOT r.rolsuper AND NOT r.rolreplication
      AND a.backend_type = 'client backend' AND a.application_name NOT LIKE 'caisson:%'
      AND a.xact_start IS NOT NULL AND a.state IS NOT NULL
    """
  }
}

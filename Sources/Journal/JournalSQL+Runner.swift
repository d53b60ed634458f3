package import JSONText
package import SQLText

/// A process that works on runs, so described that another one on the same host can prove it dead.
package struct RunnerIdentity: Sendable, Hashable {
  package var id: String
  package var host: String
  package var bootID: String
  package var processID: Int
  /// Process start in clock ticks: process ids are reused.
  package var processStart: String
  package var version: String
  package var labels: JSON

  package init(
    id: String, host: String, bootID: String, processID: Int, processStart: String, version: String, labels: JSON = [:]
  ) {
    self.id = id
    self.host = host
    self.bootID = bootID
    self.processID = processID
    self.processStart = processStart
    self.version = version
    self.labels = labels
  }
}

extension JournalSQL {
  package static func registerRunner(_ runner: RunnerIdentity) -> SQL {
    """
    INSERT INTO caisson.runner (runner_id, host, boot_id, os_pid, os_start, version, labels)
    VALUES (\(runner.id), \(runner.host), \(runner.bootID), \(runner.processID), \(runner.processStart),
      \(runner.version), \(runner.labels))
    ON CONFLICT (runner_id) DO UPDATE SET seen_at = clock_timestamp() RETURNING runner_id
    """
  }

  /// No row: somebody proved us dead; stop.
  package static func heartbeat(runner: String, doing: JSON = []) -> SQL {
    """
    UPDATE caisson.runner SET seen_at = clock_timestamp(), doing = \(doing)
    WHERE runner_id = \(runner) AND dead_at IS NULL RETURNING runner_id
    """
  }

  /// All leases of a runner at once, every third of the TTL. A fence that does not come back is lost.
  package static func renew(runner: String, fences: [Int64], ttl: Duration) -> SQL {
    """
    UPDATE caisson.lease SET until = clock_timestamp() + \(interval(ttl))::interval
    WHERE runner_id = \(runner) AND fence = ANY (\(fences)) AND until > clock_timestamp() RETURNING fence
    """
  }

  /// After proof on its own host: another boot id, or no such process with that start. Its leases are void at once.
  package static func declareDead(_ runner: String, actor: String) -> SQL {
    """
    WITH d AS (
      UPDATE caisson.runner SET dead_at = clock_timestamp() WHERE runner_id = \(runner) AND dead_at IS NULL
      RETURNING runner_id, host, os_pid)
    INSERT INTO caisson.event (kind, actor, data)
    SELECT 'runner.dead', \(actor), jsonb_build_object('runner', d.runner_id, 'host', d.host, 'pid', d.os_pid) FROM d
    RETURNING id
    """
  }

  /// A runner that ends in good order.
  package static func unregisterRunner(_ runner: String) -> SQL {
    """
    UPDATE caisson.runner SET dead_at = clock_timestamp(), doing = '[]' WHERE runner_id = \(runner) AND dead_at IS NULL
      AND NOT EXISTS (SELECT FROM caisson.lease l WHERE l.runner_id = \(runner)) RETURNING runner_id
    """
  }
}

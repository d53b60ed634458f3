import OnlineDDL
import PluginAPI

/// What is known about materialized views beyond the run that found it out: marks of changes, watched tables, the last
/// refresh in the register, and a view of all of it, `caisson.matview_staleness`.
enum StalenessStore {
  /// One row per view with `matview.trigger`.
  static let watch = QualifiedName("caisson", "matview_watch")
  static let staleness = QualifiedName("caisson", "matview_staleness")

  /// After the register. Harmless when it is there, also when two steps make it at once. The marks' key holds the beginning of their
  /// transaction too: after a restore into another server a number of a transaction may come again.
  static var create: SQL {
    SharedStore.creation(
      unless: staleness,
      """
      CREATE TABLE \(ChangeMarks.table.quoted) (
        view text NOT NULL,
        xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
        marked_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
        PRIMARY KEY (view, xid, marked_at)
      );
      CREATE TABLE \(watch.quoted) (
        view text PRIMARY KEY,
        tables oid[] NOT NULL,
        min_interval interval NOT NULL,
        shape text,
        step text NOT NULL
      );
      CREATE VIEW \(staleness.quoted) AS \(question.text);
      """, seen: [ChangeMarks.table, watch, staleness])
  }

  /// Only when nobody needs them any more: their last user takes them along.
  static var dropUnused: SQL {
    let body = """
      BEGIN
        IF pg_catalog.to_regclass('\(watch.quoted)') IS NULL THEN
          RETURN;
        END IF;
        LOCK TABLE \(watch.quoted) IN EXCLUSIVE MODE;
        IF NOT EXISTS (SELECT FROM \(watch.quoted)) AND NOT EXISTS (SELECT FROM \(MatviewRegister.table.quoted)) THEN
          DROP VIEW \(staleness.quoted);
          DROP TABLE \(ChangeMarks.table.quoted), \(watch.quoted);
        END IF;
      END
      """
    return "DO LANGUAGE plpgsql \(literal: body)"
  }

  /// `as_of`: nothing committed until then is missing. A change that a refresh has not seen was committed after that refresh began, however long its transaction took.
  /// `promise`: the refresh itself, and one that is lost with its worker; two seconds until a worker has looked.
  private static var question: SQL {
    """
    SELECT coalesce(w.view, r.view) AS view, r.as_of, r.refreshed_at, r.duration_ms * interval '1 millisecond' AS duration,
        r.rows, r.failed_at, r.failure, m.marks, greatest(m.since, r.as_of) AS dirty_since,
        greatest(w.min_interval, r.min_interval_ms * interval '1 millisecond') AS min_interval, s.every,
        greatest(w.min_interval, r.min_interval_ms * interval '1 millisecond') + s.every
          + 2 * coalesce(r.duration_ms, 0) * interval '1 millisecond' + interval '2 seconds' AS promise,
        coalesce(pg_catalog.now() - greatest(m.since, r.as_of), interval '0') AS staleness
      FROM \(id: watch) w FULL JOIN \(id: MatviewRegister.table) r ON r.view = w.view
      LEFT JOIN LATERAL (
        SELECT count(*) AS marks, min(k.marked_at) AS since FROM \(id: ChangeMarks.table) k
        WHERE k.view = coalesce(w.view, r.view)) m ON true
      LEFT JOIN LATERAL (
        SELECT min(c.every) AS every FROM caisson.schedule c WHERE c.step = w.step AND c.retired_at IS NULL) s ON true
    """
  }
}

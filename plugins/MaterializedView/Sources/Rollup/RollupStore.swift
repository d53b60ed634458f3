import OnlineDDL
import PluginAPI

/// What is known about rollups: how each was cut, and its periods.
enum RollupStore {
  static let rollup = QualifiedName("caisson", "matview_rollup")
  static let period = QualifiedName("caisson", "matview_period")

  static func key(_ table: QualifiedName) -> String { table.quoted }

  /// The rows that the latest run has replaced, for its rollback.
  static func before(_ table: QualifiedName) -> QualifiedName {
    QualifiedName("caisson", Quoting.fitted("rollup_before " + table.quoted))
  }

  /// Harmless when it is there, also when two steps make it at once. Bounds are wall-clock times of the rollup's zone.
  static var create: SQL {
    SharedStore.creation(
      unless: period,
      """
      CREATE TABLE \(rollup.quoted) (
        rollup text PRIMARY KEY,
        period interval NOT NULL,
        timezone text NOT NULL,
        query text NOT NULL,
        lookback interval NOT NULL,
        closed_after interval NOT NULL,
        latest_run text NOT NULL
      );
      CREATE TABLE \(period.quoted) (
        rollup text NOT NULL REFERENCES \(rollup.quoted) ON DELETE CASCADE,
        starts timestamp NOT NULL,
        ends timestamp NOT NULL,
        computed_at timestamptz,
        rows bigint,
        replaced_by text,
        checked_at timestamptz,
        differs boolean NOT NULL DEFAULT false,
        PRIMARY KEY (rollup, starts)
      );
      """, seen: [rollup, period])
  }

  /// Their last user takes them along.
  static var dropUnused: SQL {
    let body = """
      BEGIN
        LOCK TABLE \(rollup.quoted) IN EXCLUSIVE MODE;
        IF NOT EXISTS (SELECT FROM \(rollup.quoted)) THEN
          DROP TABLE \(period.quoted), \(rollup.quoted);
        END IF;
      END
      """
    return "DO LANGUAGE plpgsql \(literal: body)"
  }
}

import JSONText
import OnlineDDL
import PluginAPI

/// Swaps with a way back, for as long as there is one: `caisson.partition_swap`, a row for each table whose former self
/// follows it. What drains reads what to do from it and writes how it went; `status` shows it.
enum FollowRegister {
  static let table = QualifiedName("caisson", "partition_swap")
  /// How much waits in a log: entries, counted up to a million, and bytes.
  static let backlog = QualifiedName("caisson", "partition_swap_backlog")

  /// Harmless when it is there, also when two steps make it at once.
  static var create: SQL {
    SharedStore.creation(
      unless: table,
      """
      CREATE TABLE \(table.quoted) (
        source text PRIMARY KEY,
        old text NOT NULL,
        log text NOT NULL,
        reverse jsonb NOT NULL,
        drain text NOT NULL,
        every interval NOT NULL,
        max_log bigint NOT NULL,
        is_compared boolean NOT NULL,
        until timestamptz NOT NULL,
        leaves jsonb NOT NULL,
        armed jsonb,
        drained_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
        entries bigint NOT NULL DEFAULT 0,
        milliseconds double precision NOT NULL DEFAULT 0,
        conflict text,
        conflict_at timestamptz,
        unsure text
      );
      CREATE FUNCTION \(backlog.quoted)(which text, OUT entries bigint, OUT bytes bigint) LANGUAGE plpgsql STABLE
      SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE named text := (SELECT s.log FROM \(table.quoted) s WHERE s.source = which);
        BEGIN
          IF pg_catalog.to_regclass(named) IS NOT NULL THEN
            EXECUTE 'SELECT count(*) FROM (SELECT FROM ' || named || ' LIMIT 1000000) l' INTO entries;
            bytes := pg_catalog.pg_total_relation_size(named);
          END IF;
        END $function$;
      REVOKE ALL ON FUNCTION \(backlog.quoted)(text) FROM PUBLIC;
      """, seen: [table], called: ["\(backlog.quoted)(text)"])
  }

  /// At the cutover, when the names have changed.
  static func enter(_ carry: SwapCarry, _ wanted: PartitionSwap.Parameters) throws -> SQL {
    let keys = wanted.keepOld, source = carry.names.source
    return """
      INSERT INTO \(id: table)
        (source, old, log, reverse, drain, every, max_log, is_compared, until, leaves, armed)
      VALUES (\(literal: source.quoted), \(literal: carry.names.old.quoted), \(literal: carry.reverse.log.quoted),
        \(literal: try JSON(encoding: carry.reverse).text)::jsonb, \(literal: keys.drain.rawValue),
        \(sql: interval(keys.every)), \(sql: String(keys.maxLog.bytes)), \(sql: String(wanted.verify != .none)),
        pg_catalog.clock_timestamp() + \(sql: interval(keys.for)), (\(sql: leaves(of: source))),
        \(sql: carry.reverse.armed(source)))
      """
  }

  private static func interval(_ span: TimeSpan) -> String { "\(span.milliseconds) * interval '1 millisecond'" }

  static func remove(_ source: QualifiedName) -> SQL {
    "DELETE FROM \(id: table) WHERE source = \(literal: source.quoted)"
  }

  /// jsonb, one row: each partition, and what is another when it was detached and attached again.
  static func leaves(of source: QualifiedName) -> SQL {
    """
    SELECT coalesce(jsonb_agg(jsonb_build_object('oid', c.oid::bigint, 'schema', n.nspname::text,
        'name', c.relname::text, 'attached', (SELECT string_agg(i.xmin::text, ' ' ORDER BY i.inhrelid)
          FROM pg_partition_ancestors(c.oid) a JOIN pg_inherits i ON i.inhrelid = a.relid)) ORDER BY c.oid), '[]')
    FROM pg_partition_tree(to_regclass(\(literal: source.quoted))) p JOIN pg_class c ON c.oid = p.relid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.isleaf
    """
  }
}

extension FollowRegister {
  struct Leaf: Sendable, Hashable, Codable {
    var oid: Int64
    var schema: String
    var name: String
    var attached: String?

    var table: QualifiedName { QualifiedName(schema, name) }
  }

  /// A swap whose old table follows.
  struct Entry: Sendable {
    let reverse: KeyLog
    /// As they were when changes were brought over for the last time.
    let leaves: [Leaf]
    let now: [Leaf]
    /// The same as the server writes it: one text, whenever it is asked.
    let nowText: String
    /// The triggers that note changes are those that were made.
    let isArmed: Bool
    let isWaiting: Bool
    let bytes: Int64
    let maxLog: Int64
    let conflict: String?
    /// Changes may have gone by unnoted, beside what is known by `isArmed` and the leaves.
    let unsure: String?

    var isUnsure: Bool { unsure != nil || !isArmed || leaves != now }
  }

  /// `nil`: there is none of that table.
  static func entry(of source: QualifiedName, _ facts: any Facts) async throws -> Entry? {
    guard try await facts.rows("SELECT to_regclass(\(table.quoted)) IS NOT NULL").first?[0] == "t",
      let row = try await facts.rows("SELECT reverse, leaves FROM \(id: table) WHERE source = \(source.quoted)").first
    else { return nil }
    let reverse: KeyLog = try JSON(parsing: try row.string("reverse")).decoded()
    let more = try await facts.rows(
      """
      SELECT (\(sql: leaves(of: source))) AS now, armed IS NOT DISTINCT FROM \(sql: reverse.armed(source)) AS is_armed,
        EXISTS (SELECT FROM \(id: reverse.log)) AS is_waiting, pg_total_relation_size(\(reverse.log.quoted)) AS bytes,
        max_log, conflict, unsure
      FROM \(id: table) WHERE source = \(source.quoted)
      """
    ).first
    guard let more else { return nil }
    return Entry(
      reverse: reverse, leaves: try JSON(parsing: try row.string("leaves")).decoded(),
      now: try JSON(parsing: try more.string("now")).decoded(), nowText: try more.string("now"),
      isArmed: try more.bool("is_armed"),
      isWaiting: try more.bool("is_waiting"), bytes: try more.int64("bytes"), maxLog: try more.int64("max_log"),
      conflict: more["conflict"], unsure: more["unsure"])
  }
}

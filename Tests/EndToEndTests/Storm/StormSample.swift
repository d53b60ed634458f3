import Glibc

/// What the storm works on: rows changed in chunks, slices side by side, catalog changes, index builds, a function, a
/// fan-out. `touched` has a row for each row ever updated, written in the same transaction.
enum StormSample {
  /// `CAISSON_STORM_ROUNDS`, four by default; round n has seed n.
  static let rounds = max(1, getenv("CAISSON_STORM_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 4)

  static let rows = 8_000
  static let items = 2_000

  static let database = """
    CREATE TABLE account (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, region int NOT NULL, body text NOT NULL);
    INSERT INTO account SELECT g, 0, g % 17, repeat('x', 40) FROM generate_series(1, \(rows)) g;
    CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO item SELECT g, 0 FROM generate_series(1, \(items)) g;
    CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO counter SELECT g FROM generate_series(1, 6) g;
    CREATE TABLE part (id int NOT NULL, region int NOT NULL) PARTITION BY LIST (region);
    CREATE TABLE part_0 PARTITION OF part FOR VALUES IN (0);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
    CREATE TABLE part_rest PARTITION OF part DEFAULT;
    INSERT INTO part SELECT g, g % 3 FROM generate_series(1, 3000) g;
    CREATE TABLE touched (tab text NOT NULL, id int NOT NULL, change int NOT NULL);
    CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      EXECUTE format('INSERT INTO touched SELECT %L, o.id, n.n - o.n FROM old o JOIN new n USING (id)', TG_TABLE_NAME);
      PERFORM pg_sleep(0.005 + 0.0001 * count(*)) FROM new;
      RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER UPDATE ON account REFERENCING OLD TABLE AS old NEW TABLE AS new
      FOR EACH STATEMENT EXECUTE FUNCTION note_update();
    CREATE TRIGGER note AFTER UPDATE ON item REFERENCING OLD TABLE AS old NEW TABLE AS new
      FOR EACH STATEMENT EXECUTE FUNCTION note_update();
    CREATE TRIGGER note AFTER UPDATE ON counter REFERENCING OLD TABLE AS old NEW TABLE AS new
      FOR EACH STATEMENT EXECUTE FUNCTION note_update();
    CREATE SCHEMA probe;
    CREATE FUNCTION probe.rows(t regclass) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE n bigint;
    BEGIN EXECUTE format('SELECT count(*) FROM %s', t) INTO n; RETURN n; END $$;
    CREATE FUNCTION grade(points int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
    ANALYZE;
    """

  static let steps = """
      column:
        uses: sql.run
        with: { up: ALTER TABLE account ADD COLUMN score int, down: ALTER TABLE account DROP COLUMN score }
      by-region: { uses: index.create, with: { table: account, columns: [region, id], name: account_by_region } }
      fill:
        uses: data.batch
        needs: [column]
        with: { table: account, set: { n: n + 1, score: id % 7 }, where: score IS NULL, chunk: 100ms, keep_undo: true }
      items:
        uses: data.batch
        with: { table: item, set: { n: n + 1 }, where: n = 0, chunk: 100ms, workers: 2, keep_undo: true }
      by-score:
        uses: index.create
        needs: [fill]
        with: { table: account, columns: [score, id], name: account_by_score, unique: true }
      parts: { uses: index.create, with: { table: part, columns: [id], name: part_by_id } }
      grade:
        uses: function.define
        with:
          name: public.grade
          body: CREATE FUNCTION public.grade(points int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT points / 10'
      gone:
        uses: sql.run
        with:
          up: [CREATE TABLE made (id int PRIMARY KEY), "INSERT INTO made SELECT generate_series(1, 10)"]
          down: DROP TABLE made
          verify: SELECT count(*) = 10 FROM made
    \(fan)
      last:
        uses: sql.run
        needs: [by-score, by-region, parts, grade, gone, items, fan-1, fan-2, fan-3, fan-4, fan-5, fan-6]
        with: { up: "COMMENT ON TABLE account IS 'scored'", down: COMMENT ON TABLE account IS NULL }
    """

  /// Half of them ride alone, since a result has to be read before COMMIT; the others share round trips.
  private static let fan = (1...6).map { number in
    """
      fan-\(number): { uses: sql.run, needs: [column], with: { up: UPDATE counter SET n = n + 1 WHERE id = \(number), \
    down: UPDATE counter SET n = n - 1 WHERE id = \(number)\(number % 2 == 0 ? ", expect_rows: 1" : "") } }
    """
  }.joined(separator: "\n")

  /// Everything of the application's own, rows and catalog, as lines.
  static let fingerprint = """
    SELECT 'account', (SELECT md5(string_agg(to_jsonb(t)::text, ',' ORDER BY id)) FROM account t)
    UNION ALL SELECT 'item', (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM item t)
    UNION ALL SELECT 'counter', (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM counter t)
    UNION ALL SELECT 'index', pg_get_indexdef(i.indexrelid) || ' valid ' || i.indisvalid || ' ready ' || i.indisready
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'inherits', inhrelid::regclass || ' of ' || inhparent::regclass FROM pg_inherits
    UNION ALL SELECT 'function', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'column', attrelid::regclass || '.' || attname || ' ' || atttypid::regtype
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p')
    UNION ALL SELECT 'comment', objoid::regclass || ' ' || description FROM pg_description
      WHERE classoid = 'pg_class'::regclass AND objsubid = 0
        AND objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT 'kept for rollback', coalesce(sum(n), 0)::text FROM (
      SELECT probe.rows(c.oid) AS n
      FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
      WHERE s.nspname = 'caisson' AND c.relkind = 'r' AND obj_description(c.oid) LIKE 'What rolling back%') q
    ORDER BY 1, 2
    """

  /// Rows updated another number of times than wanted: `(tab, id)` with its updates and their sum.
  static func wronglyTouched(times: Int, sum: Int) -> String {
    """
    SELECT count(*) FROM (
      SELECT e.tab, e.id FROM (SELECT 'account' AS tab, id FROM account UNION ALL SELECT 'item', id FROM item
        UNION ALL SELECT 'counter', id FROM counter) e
      LEFT JOIN touched t USING (tab, id) GROUP BY e.tab, e.id
      HAVING count(t) <> \(times) OR coalesce(sum(t.change), 0) <> \(sum)) q
    """
  }
}

/// A small generator with a seed: a round can be repeated.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 0x2545_F491_4F6C_DD1D }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

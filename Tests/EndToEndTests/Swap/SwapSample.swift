import SQLText

/// A table that everything is done to while it is swapped: foreign keys both ways, a second unique key, a view, and a
/// ledger in which every writer notes what a row has become.
enum SwapSample {
  static let rows = 3000
  /// Rows up to this never change their keys.
  static let steady = 300

  static let database = """
    CREATE SCHEMA app;
    CREATE TABLE app.par (id int PRIMARY KEY); CREATE TABLE app.par_c (id int PRIMARY KEY);
    CREATE TABLE app.par_n (id int PRIMARY KEY);
    INSERT INTO app.par SELECT generate_series(1, 40);
    INSERT INTO app.par_c TABLE app.par; INSERT INTO app.par_n TABLE app.par;
    CREATE SEQUENCE app.src_id START \(rows + 1); CREATE SEQUENCE app.u_seq START \(rows + 1);
    CREATE TABLE app.src (id bigint PRIMARY KEY DEFAULT nextval('app.src_id'), created_at timestamptz NOT NULL, v int,
      u int, par int, par_c int, par_n int, pad text, UNIQUE (id, created_at), UNIQUE (u, created_at),
      CONSTRAINT fk_par FOREIGN KEY (par) REFERENCES app.par,
      CONSTRAINT fk_par_c FOREIGN KEY (par_c) REFERENCES app.par_c ON DELETE CASCADE,
      CONSTRAINT fk_par_n FOREIGN KEY (par_n) REFERENCES app.par_n ON DELETE SET NULL);
    ALTER SEQUENCE app.src_id OWNED BY app.src.id;
    CREATE INDEX ON app.src (created_at, id); CREATE INDEX ON app.src (par_c); CREATE INDEX ON app.src (par_n);
    CREATE INDEX ON app.src (par);
    CREATE TABLE app.child (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, src_id bigint, src_ts timestamptz,
      CONSTRAINT child_src FOREIGN KEY (src_id, src_ts) REFERENCES app.src (id, created_at)
        ON UPDATE CASCADE ON DELETE CASCADE);
    CREATE INDEX ON app.child (src_id, src_ts);
    CREATE VIEW app.v AS SELECT * FROM app.src WHERE v IS NULL OR v >= 0;
    CREATE TABLE app.ledger (n bigint GENERATED ALWAYS AS IDENTITY, id bigint, op "char", h text);
    CREATE FUNCTION app.ts(i bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql
      AS $$SELECT '2025-01-03 00:00+00'::timestamptz + (i % 170) * interval '1 day'$$;
    INSERT INTO app.src SELECT i, app.ts(i), i, CASE WHEN i % 3 > 0 THEN i END, 1 + i % 40,
      CASE WHEN i % 4 = 0 THEN 1 + i % 40 END, CASE WHEN i % 5 = 0 THEN 1 + i % 40 END, 'pad'
      FROM generate_series(1, \(rows)) i;
    INSERT INTO app.ledger (id, op, h) SELECT id, 'U', md5(t::text) FROM app.src t;
    CREATE INDEX ON app.ledger (id, n DESC);
    ANALYZE;
    """

  /// Rows of the table that the ledger does not have, of the ledger that the table does not have, and ids there twice.
  static let differences: SQL = """
    WITH last AS (
      SELECT DISTINCT ON (id) id, op, h, n FROM app.ledger WHERE id IS NOT NULL ORDER BY id, n DESC
    ), want AS (
      SELECT id, h FROM last
      WHERE op <> 'D' AND n > (SELECT coalesce(max(n), 0) FROM app.ledger WHERE op = 'T')
    ), have AS (SELECT id, md5(t::text) AS h FROM app.src t)
    SELECT (SELECT count(*) FROM (TABLE want EXCEPT TABLE have) x)::text || ' '
      || (SELECT count(*) FROM (TABLE have EXCEPT TABLE want) x) || ' '
      || (SELECT count(*) - count(DISTINCT id) FROM have)
    """

  static func step(chunk: String, more: String = "") -> String {
    """
      swap:
        uses: partition.swap
        max_stall: 2s
        retry: { attempts: 500, backoff: 20ms..200ms }
        with:
          table: app.src
          by: created_at
          from: 2025-01-01
          to: 2025-07-01
          premake: 0
          default_partition: create
          chunk: \(chunk)
          \(more)
    """
  }
}

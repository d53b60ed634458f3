@testable import PartitionSwap
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// Partitions around this month; `edge(n)` is the start of the month so many from now.
private let tables = """

  CREATE FUNCTION edge(n int) RETURNS text LANGUAGE sql AS
    $$ SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month', 'YYYY-MM-DD') || ' 00:00+00' $$;
  CREATE TABLE orgs (id int PRIMARY KEY); INSERT INTO orgs VALUES (1);
  CREATE TABLE "Audit Log" (id int GENERATED ALWAYS AS IDENTITY, org int DEFAULT 1 REFERENCES orgs, at timestamptz, note text,
    twice int GENERATED ALWAYS AS (org * 2) STORED, CHECK (org > 0), PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE INDEX ON "Audit Log" (org, at);
  CREATE TABLE seen (what text);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (TG_OP); RETURN NULL; END $$;
  CREATE TRIGGER noted AFTER INSERT OR DELETE ON "Audit Log" FOR EACH ROW EXECUTE FUNCTION note();
  DO $$ BEGIN FOR n IN -3..1 LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF "Audit Log" FOR VALUES FROM (%L) TO (%L)', 'a' || n + 10, edge(n), edge(n + 1));
  END LOOP; END $$;
  """

@Suite("partition.maintain", .database(template: tables))
struct PartitionMaintainTests {
  private let table = "table: '\"Audit Log\"'"

  private func maintain(_ with: String, environment: String = "") throws -> EngineHarness {
    try harness("uses: partition.maintain, with: {\(table), \(with)}", environment: environment)
  }

  private func partitions() async throws -> Int {
    try await value("SELECT count(*) FROM pg_inherits WHERE inhparent = '\"Audit Log\"'::regclass").flatMap { Int($0) } ?? 0
  }

  @Test("as many partitions ahead as are wanted; again nothing; back to the beginning")
  func premakes() async throws {
    let before = try await catalog()
    let harness = try maintain("premake: 4")
    try await harness.applied()
    #expect(try await partitions() == 5 + 3)
    #expect(try await value("SELECT to_regclass('\"Audit Log_p' || to_char(edge(4)::timestamptz AT TIME ZONE 'UTC', 'YYYYMM') || '\"')") != nil)
    let again = try await compile(PartitionMaintain.self, "{\(table), premake: 4}")
    #expect(again.operations.isEmpty && again.findings.map(\.code) == ["partition.ahead"], "\(again.findings)")
    try await harness.rolledBack()
    #expect(try await catalog() == before)
  }

  @Test("a partition that rows have come into survives the rollback")
  func rowsStay() async throws {
    let harness = try maintain("premake: 3")
    try await harness.applied()
    try await TestDatabase.current.sql("INSERT INTO \"Audit Log\" (at) VALUES (edge(2)::timestamptz)")
    try await harness.rolledBack()
    #expect(try await partitions() == 5 + 1)
    #expect(try await value("SELECT count(*) FROM \"Audit Log\"") == "1")
  }

  @Test("a new partition is like the newest one")
  func alike() async throws {
    try await TestDatabase.current.script(
      """
      ALTER TABLE a11 SET (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
      ALTER TABLE a11 ENABLE ROW LEVEL SECURITY;
      ALTER TABLE a11 FORCE ROW LEVEL SECURITY;
      CREATE POLICY "Mine ok" ON a11 FOR SELECT TO pg_monitor USING (org = 1);
      GRANT SELECT, INSERT ON a11 TO pg_monitor WITH GRANT OPTION; GRANT UPDATE (note) ON a11 TO PUBLIC;
      ALTER TABLE a11 ALTER COLUMN org SET STATISTICS 77, ALTER COLUMN org SET (n_distinct = 5);
      ALTER TABLE a11 REPLICA IDENTITY FULL;
      CREATE UNIQUE INDEX a11_note ON a11 (lower(note)) WHERE note IS NOT NULL;
      ALTER TABLE a11 ADD CONSTRAINT a11_ex EXCLUDE USING btree (note WITH =);
      COMMENT ON COLUMN "Audit Log".note IS 'what';
      ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
      ALTER TABLE a11 OWNER TO pg_database_owner;
      """)
    try await maintain("premake: 2, naming: 'n_{start}'").applied()
    let new = try #require(try await value("SELECT 'n_' || to_char(edge(2)::timestamptz AT TIME ZONE 'UTC', 'YYYYMM')"))
    func properties(_ table: String) async throws -> String? {
      try await value(
        """
        SELECT format('%s %s %s %s %s %s %s %s %s %s %s', c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
          pg_get_userbyid(c.relowner),
          (SELECT array_agg(x ORDER BY x::text) FROM (SELECT grantee, privilege_type, is_grantable FROM aclexplode(c.relacl)) x),
          (SELECT reloptions FROM pg_class WHERE oid = c.reltoastrelid),
          (SELECT array_agg((polname, polcmd, polroles, pg_get_expr(polqual, polrelid))::text) FROM pg_policy WHERE polrelid = c.oid),
          (SELECT array_agg((attname, attstattarget, ARRAY(SELECT o FROM unnest(attoptions) o WHERE o ~ '^n_distinct'), attacl, attidentity, attgenerated, col_description(c.oid, attnum))::text
            ORDER BY attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
          (SELECT array_agg(replace(substr(pg_get_indexdef(indexrelid), strpos(pg_get_indexdef(indexrelid), ' USING ')), \(table), 'X')
            ORDER BY substr(pg_get_indexdef(indexrelid), strpos(pg_get_indexdef(indexrelid), ' USING '))) FROM pg_index WHERE indrelid = c.oid),
          (SELECT array_agg(pg_get_constraintdef(oid) ORDER BY pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid = c.oid))
        FROM pg_class c WHERE c.oid = \(Quoting.identifier(table))::regclass
        """)
    }
    let (model, made) = (try await properties("a11"), try await properties(new))
    // A partition made by PARTITION OF has no comment on its columns.
    #expect(made?.split(separator: "what").joined() == model?.split(separator: "what").joined())
    #expect(try await value("SELECT to_regclass(\("\(new)_note"))") != nil)
  }

  @Test("the default partition is drained: rows stay visible, triggers are silent, and all comes back")
  func drains() async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE rest PARTITION OF "Audit Log" DEFAULT;
      INSERT INTO "Audit Log" (at, note) SELECT edge(m)::timestamptz + g * interval '1 hour', 'x' FROM generate_series(1, 50) g,
        unnest('{-9, -8, 2, 3, 40}'::int[]) m;
      INSERT INTO "Audit Log" (at, note) VALUES ('infinity', 'stays');
      ALTER TABLE rest ENABLE ALWAYS TRIGGER noted; TRUNCATE seen;
      """)
    let before = try await catalog()
    let content = try await value("SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"Audit Log\" t")
    let harness = try maintain("premake: 3")
    try await harness.applied()
    #expect(try await value("SELECT count(*) FROM rest") == "1")
    #expect(try await partitions() == 5 + 1 + 2 + 3)
    #expect(try await value("SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"Audit Log\" t") == content)
    #expect(try await value("SELECT count(*) FROM seen") == "0")
    let again = try await compile(PartitionMaintain.self, "{\(table), premake: 3}")
    #expect(again.operations.isEmpty, "\(ProgramText.of(again))")
    try await TestDatabase.current.sql("INSERT INTO \"Audit Log\" (at) VALUES (edge(-9)::timestamptz)")
    try await harness.rolledBack()
    #expect(try await catalog() == before)
    #expect(try await value("SELECT count(*) FROM rest") == "252")
  }

  /// With a weaker lock on the parent this reader would have looked up the partitions already, and count too few.
  @Test("a reader that waits while rows are moved sees all of them", arguments: ["", "PREPARE q AS "])
  func waitingReader(prefix: String) async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE rest PARTITION OF "Audit Log" DEFAULT;
      INSERT INTO "Audit Log" (at) SELECT edge(2)::timestamptz FROM generate_series(1, 100);
      """)
    let writer = try await TestDatabase.current.connect(), reader = try await TestDatabase.current.connect()
    if !prefix.isEmpty { try await reader.script("SET plan_cache_mode = force_generic_plan; PREPARE q AS SELECT count(*) FROM \"Audit Log\"; EXECUTE q") }
    try await writer.script("BEGIN; INSERT INTO \"Audit Log\" (at) VALUES (edge(2)::timestamptz)")
    let harness = try harness("uses: partition.maintain, with: {\(table), premake: 2}", more: "max_stall: 20s, ")
    async let applied: Void = harness.applied()
    func queued(_ count: Int) async throws {
      let query: SQL = """
        SELECT count(DISTINCT pid) >= \(count) FROM pg_locks WHERE NOT granted AND locktype = 'relation'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
      while try await value(query) != "t" { try await Task.sleep(for: .milliseconds(20)) }
    }
    try await queued(1)
    let question: SQL = prefix.isEmpty ? "SELECT count(*) FROM \"Audit Log\"" : "EXECUTE q"
    async let answer = reader.query(question).value
    try await queued(2)
    _ = try await writer.query("COMMIT")
    #expect(try await answer == "101")
    try await applied
    await writer.close()
    await reader.close()
    #expect(try await value("SELECT count(*) FROM rest") == "0")
  }

  @Test("rows of the default partition that cannot be moved stay, and the other partitions are made", arguments: [
    ("partition.default_rows", "drain_default: false, ", ""),
    ("partition.default_rows", "", "CREATE TABLE r (id int, at timestamptz, FOREIGN KEY (id, at) REFERENCES \"Audit Log\")"),
    ("partition.default_rows", "", "CREATE PUBLICATION p FOR TABLE \"Audit Log\""),
    ("partition.default_rows", "", "CREATE PUBLICATION p FOR TABLE rest"),
    (
      "partition.default_rows", "",
      "INSERT INTO \"Audit Log\" (at) SELECT edge(2)::timestamptz FROM generate_series(1, 10001); CREATE TABLE rest_move (i int)"
    ),
    (
      "partition.default_rows", "",
      "INSERT INTO \"Audit Log\" (at) SELECT CASE WHEN g % 2 = 0 THEN edge(2)::timestamptz ELSE 'infinity' END FROM generate_series(1, 20004) g"
    ),
    (
      "partition.default_irregular", "",
      "CREATE TABLE odd PARTITION OF \"Audit Log\" FOR VALUES FROM ('2001-01-10+00') TO ('2001-01-20+00'); INSERT INTO \"Audit Log\" (at) VALUES ('2001-01-05+00')"
    ),
  ])
  func stays(code: String, with: String, setup: String) async throws {
    try await TestDatabase.current.script(
      "CREATE TABLE rest PARTITION OF \"Audit Log\" DEFAULT; INSERT INTO \"Audit Log\" (at) VALUES (edge(2)::timestamptz); \(setup)")
    let program = try await compile(PartitionMaintain.self, "{\(table), \(with)premake: 4}")
    #expect(program.findings.contains { $0.code == code && $0.severity == .warning }, "\(program.findings)")
    #expect(program.operations.filter { $0.id.hasPrefix("create:") }.count >= 2)
    try await maintain("\(with)premake: 4").applied()
  }

  @Test("old partitions are retired, and come back", arguments: ["retire: detach", "retire: archive"])
  func retires(mode: String) async throws {
    try await TestDatabase.current.script(
      "CREATE SCHEMA archive; INSERT INTO \"Audit Log\" (at) SELECT edge(n)::timestamptz FROM generate_series(-3, 0) n")
    let before = try await catalog()
    let harness = try maintain("premake: 1, keep: 2 months, \(mode)")
    try await harness.applied()
    #expect(try await value("SELECT count(*) FROM \"Audit Log\"") == "3")
    #expect(try await value("SELECT to_regclass('archive.a7')::text") == (mode == "retire: archive" ? "archive.a7" : nil))
    try await harness.rolledBack()
    #expect(try await catalog() == before)
    #expect(try await value("SELECT count(*) FROM \"Audit Log\"") == "4")
  }

  @Test("one that is referenced stays, the others go")
  func isolation() async throws {
    try await TestDatabase.current.script(
      """
      INSERT INTO "Audit Log" (at) SELECT edge(n)::timestamptz FROM generate_series(-3, 0) n;
      CREATE TABLE r (id int, at timestamptz, FOREIGN KEY (id, at) REFERENCES "Audit Log");
      INSERT INTO r SELECT id, at FROM "Audit Log" WHERE at = edge(-3)::timestamptz;
      """)
    let harness = try maintain("premake: 3, keep: 1 month, retire: drop", environment: "accept_irreversible: [s]")
    try await harness.applied()
    #expect(try await value("SELECT to_regclass('a7')") != nil)
    #expect(try await value("SELECT to_regclass('a8')") == nil)
    #expect(try await partitions() == 5 - 1 + 2)
  }

  @Test("somebody's unfinished detach does not stop new partitions")
  func pendingElsewhere() async throws {
    let reader = try await TestDatabase.current.connect()
    try await reader.script("BEGIN; SELECT count(*) FROM \"Audit Log\"")
    let detacher = try await TestDatabase.current.connect()
    await #expect(throws: PostgresError.self) {
      _ = try await detacher.query("SET lock_timeout = '200ms'")
      _ = try await detacher.query("ALTER TABLE \"Audit Log\" DETACH PARTITION a10 CONCURRENTLY")
    }
    await reader.close()
    await detacher.close()
    let program = try await compile(PartitionMaintain.self, "{\(table), premake: 3, keep: 2 months}")
    #expect(program.findings.contains { $0.code == "partition.pending_detach" && $0.severity == .warning })
    try await maintain("premake: 3, keep: 2 months").applied()
    #expect(try await partitions() == 5 + 2)
  }

  @Test("pg_partman's sets are left alone unless adopted")
  func partman() async throws {
    try await TestDatabase.current.script(
      """
      CREATE SCHEMA partman; CREATE TABLE partman.part_config (parent_table text PRIMARY KEY, automatic_maintenance text DEFAULT 'on');
      INSERT INTO partman.part_config VALUES ('public.Audit Log');
      """)
    let program = try await compile(PartitionMaintain.self, "{\(table)}")
    #expect(program.operations.isEmpty && program.findings.map(\.code) == ["partition.partman"])
    let harness = try maintain("adopt: true, premake: 2")
    try await harness.applied()
    #expect(try await value("SELECT automatic_maintenance FROM partman.part_config") == "off")
    #expect(try await partitions() == 6)
    try await harness.rolledBack()
    #expect(try await value("SELECT automatic_maintenance FROM partman.part_config") == "on")
  }

  @Test("says what it found", arguments: [
    ("partition.table", "{table: seen}", ""), ("partition.table", "{table: nothing}", ""),
    ("partition.unsupported", "{table: l}", "CREATE TABLE l (k text) PARTITION BY LIST (k)"),
    ("partition.unsupported", "{table: l}", "CREATE TABLE l (k text, v int) PARTITION BY RANGE (k, v)"),
    ("partition.every", "{table: l}", "CREATE TABLE l (k date) PARTITION BY RANGE (k)"),
    (
      "partition.timezone", "{table: l}",
      "CREATE TABLE l (k timestamptz) PARTITION BY RANGE (k); SET TimeZone = 'Europe/Paris'; CREATE TABLE l1 PARTITION OF l FOR VALUES FROM ('2025-01-01') TO ('2025-02-01'); CREATE TABLE l2 PARTITION OF l FOR VALUES FROM ('2024-12-01') TO ('2025-01-01'); RESET TimeZone"
    ),
    (
      "partition.timezone", "{table: l}",
      "CREATE TABLE l (k timestamptz) PARTITION BY RANGE (k); SET TimeZone = 'America/New_York'; CREATE TABLE l1 PARTITION OF l FOR VALUES FROM ('2025-03-01') TO ('2025-04-01'); RESET TimeZone"
    ),
    (
      "partition.open_end", "{table: l, every: 1 month}",
      "CREATE TABLE l (k date) PARTITION BY RANGE (k); CREATE TABLE l1 PARTITION OF l FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)"
    ),
    (
      "partition.hole", "{table: l, every: 1 month}",
      "CREATE TABLE l (k date) PARTITION BY RANGE (k); CREATE TABLE l1 PARTITION OF l FOR VALUES FROM ('2025-01-01') TO ('2025-02-01'); CREATE TABLE l2 PARTITION OF l FOR VALUES FROM ('2025-03-01') TO ('2025-04-01')"
    ),
    ("partition.alarm", "{table: '\"Audit Log\"', alarm: 5}", ""), ("partition.keep", "{table: '\"Audit Log\"', keep: 5}", ""),
    (
      "partition.subpartitioned", "{table: l, every: 10}",
      "CREATE TABLE l (k int, v int) PARTITION BY RANGE (k); CREATE TABLE l1 PARTITION OF l FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (v)"
    ),
    ("partition.publication", "{table: '\"Audit Log\"'}", "CREATE PUBLICATION p FOR TABLE a11"),
    ("partition.name_taken", "{table: '\"Audit Log\"', naming: 'seen{start}', premake: 2}",
      "DO $$ BEGIN EXECUTE 'CREATE VIEW seen' || to_char(edge(2)::timestamptz AT TIME ZONE 'UTC', 'YYYYMM') || ' AS SELECT 1 AS one'; END $$"),
  ])
  func findings(code: String, yaml: String, setup: String) async throws {
    if !setup.isEmpty { try await TestDatabase.current.script(setup) }
    let program = try await compile(PartitionMaintain.self, yaml)
    #expect(program.findings.map(\.code).contains(code), "\(program.findings.map(\.code))")
    if code == "partition.timezone" {
      #expect(program.refusals.first?.choices.isEmpty == false)
    }
  }

  @Test("numbers are kept ahead of the greatest key", arguments: ["int", "bigint", "smallint"])
  func numbers(type: String) async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE n (k \(type), v text) PARTITION BY RANGE (k);
      CREATE TABLE n0 PARTITION OF n FOR VALUES FROM (-100) TO (0); CREATE TABLE n1 PARTITION OF n FOR VALUES FROM (0) TO (100);
      CREATE TABLE rest PARTITION OF n DEFAULT; INSERT INTO n VALUES (-50), (50), (250), (1999);
      """)
    let before = try await catalog()
    let harness = try harness("uses: partition.maintain, with: {table: n, premake: 2, keep: 1900}")
    try await harness.applied()
    #expect(try await value("SELECT count(*) FROM rest") == "0")
    #expect(try await value("SELECT count(*) FROM n") == "3")
    let made = try await value("SELECT max(substr(c.relname, 4)::int) FROM pg_class c WHERE relname ~ '^n_p[0-9]+$'")
    #expect(made == "2100")
    try await harness.rolledBack()
    #expect(try await catalog() == before)
  }

  @Test("a thousand partitions, and what the lock table has room for")
  func thousand() async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE many (k int) PARTITION BY RANGE (k);
      DO $$ BEGIN FOR n IN 0..998 LOOP
        EXECUTE format('CREATE TABLE many_%s PARTITION OF many FOR VALUES FROM (%s) TO (%s)', n, n * 10, n * 10 + 10);
      END LOOP; END $$;
      INSERT INTO many VALUES (9980);
      """)
    let harness = try harness("uses: partition.maintain, with: {table: many, premake: 1, keep: 9970}")
    try await harness.applied()
    #expect(try await value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'many'::regclass") == "999")
    func finding(_ leaves: Int, _ indexes: Int) -> Finding? {
      LockCapacity.finding(leaves: leaves, indexes: indexes, per: 64, sessions: 100, table: .init("public", "many"), at: .nowhere)
    }
    #expect(finding(1000, 2) == nil)
    #expect(finding(1000, 3)?.choices.first?.contains("max_locks_per_transaction = 80") == true)
  }
}

import FoundationEssentials
import JSONText
import PluginAPI
import PlanSchema
import SQLText
import TestSupport

/// A plan with every kind of operation, and the database and folder it works on. Small: it runs once per cut point.
///
/// `touched` has a row for each row ever updated, written in the same transaction.
enum EveryKind {
  struct Step {
    let id: String
    var needs: [String] = []
    let operations: [PluginAPI.Operation]
  }

  /// One line for each kind of operation; a new kind is a new line.
  static func steps(console: String) -> [Step] {
    [
      Step(id: "column", operations: [transaction]),
      Step(id: "index", needs: ["column"], operations: [autocommit]),
      Step(id: "items", operations: [chunked]),
      Step(id: "look", needs: ["items"], operations: [observe]),
      Step(id: "files", operations: [file("written.conf"), file("replaced.conf")]),
      Step(id: "folder", operations: [process]),
      Step(id: "beside", operations: [parallel]),
      Step(id: "copy", needs: ["items"], operations: [export]),
      Step(id: "console", operations: [admin(console)]),
      Step(id: "inside", operations: [bracket]),
    ]
  }

  static let database = """
    CREATE TABLE account (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO account SELECT g FROM generate_series(1, 50) g;
    CREATE TABLE item (id int PRIMARY KEY, part int NOT NULL, n int NOT NULL DEFAULT 0);
    INSERT INTO item SELECT g, g % 2 FROM generate_series(1, 60) g;
    CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO counter SELECT g FROM generate_series(1, 7) g;
    CREATE TABLE opened (n int NOT NULL);
    CREATE TABLE touched (tab text NOT NULL, id int NOT NULL, change int NOT NULL);
    CREATE FUNCTION note_update() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      EXECUTE format('INSERT INTO touched SELECT %L, o.id, n.n - o.n FROM old o JOIN new n USING (id)', TG_TABLE_NAME);
      RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER UPDATE ON item REFERENCING OLD TABLE AS old NEW TABLE AS new
      FOR EACH STATEMENT EXECUTE FUNCTION note_update();
    CREATE TRIGGER note AFTER UPDATE ON counter REFERENCING OLD TABLE AS old NEW TABLE AS new
      FOR EACH STATEMENT EXECUTE FUNCTION note_update();
    ANALYZE;
    """

  /// Files beside the plan before anything has run.
  static let files = ["replaced.conf": "as it was\n"]

  /// Everything of the application's own, rows and catalog, as lines.
  static let fingerprint = """
    SELECT 'account', (SELECT md5(string_agg(to_jsonb(t)::text, ',' ORDER BY id)) FROM account t)
    UNION ALL SELECT 'item', (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM item t)
    UNION ALL SELECT 'counter', (SELECT string_agg(t::text, ',' ORDER BY id) FROM counter t)
    UNION ALL SELECT 'opened', (SELECT count(*)::text FROM opened)
    UNION ALL SELECT 'touched ' || tab, string_agg(id || ': ' || times || ' ' || sum, ', ' ORDER BY id) FROM (
      SELECT tab, id, count(*) AS times, sum(change) AS sum FROM touched GROUP BY tab, id) t GROUP BY tab
    UNION ALL SELECT 'index', pg_get_indexdef(i.indexrelid) || ' valid ' || i.indisvalid || ' ready ' || i.indisready
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'column', attrelid::regclass || '.' || attname || ' ' || atttypid::regtype
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p')
    UNION ALL SELECT 'comment', objoid::regclass || ' ' || description FROM pg_description
      WHERE classoid = 'pg_class'::regclass AND objsubid = 0
        AND objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    ORDER BY 1, 2
    """

  /// What stands under `steps:`; the last three are steps of plugins, two of which ride.
  static func plan(console: String, without left: Set<String> = []) throws -> String {
    let own = try steps(console: console).filter { !left.contains($0.id) }.map { step in
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
      let operations = String(decoding: try encoder.encode(step.operations), as: UTF8.self)
      return """
          \(step.id):
            uses: test.program
            needs: [\(step.needs.joined(separator: ", "))]
            with: { operations: \(operations) }
        """
    }
    let ofPlugins = """
        ride-1: { uses: sql.run, with: { up: \(count(5, "+")), down: \(count(5, "-")) } }
        ride-2: { uses: sql.run, needs: [ride-1], with: { up: \(count(6, "+")), down: \(count(6, "-")) } }
        by-part: { uses: index.create, needs: [items], with: { table: item, columns: [part, id], name: item_by_part } }
      """.split(separator: "\n").filter { line in !left.contains { line.hasPrefix("  \($0):") } }
    return own.joined(separator: "\n") + "\n" + ofPlugins.joined(separator: "\n")
  }

  private static func count(_ id: Int, _ sign: String) -> String { "UPDATE counter SET n = n \(sign) 1 WHERE id = \(id)" }
}

// MARK: One operation of each kind

extension EveryKind {
  private static func counted(_ id: Int, _ sign: String) -> PluginAPI.Operation {
    .transaction(
      id: "count-\(id)", title: "count \(id)",
      [TransactionStatement(SQL(verbatim: count(id, sign)), expect: .rows(1))],
      undo: sign == "+" ? .operations([counted(id, "-")]) : .nothing)
  }

  private static let transaction = PluginAPI.Operation.transaction(
    id: "add", title: "add score",
    [
      TransactionStatement("ALTER TABLE public.account ADD COLUMN score int"),
      TransactionStatement(SQL(verbatim: count(1, "+")), expect: .rows(1)),
    ],
    locks: [RelationLock(.accessExclusive, QualifiedName("public", "account"))],
    undo: .operations([
      .transaction(
        id: "drop", title: "drop score",
        [
          TransactionStatement(SQL(verbatim: count(1, "-")), expect: .rows(1)),
          TransactionStatement("ALTER TABLE public.account DROP COLUMN score"),
        ],
        locks: [RelationLock(.accessExclusive, QualifiedName("public", "account"))], undo: .nothing)
    ]))

  private static let autocommit = PluginAPI.Operation.autocommit(
    id: "build", title: "build account_score",
    AutocommitWork(
      "CREATE INDEX CONCURRENTLY account_score ON public.account (score, id)", probe: probe("absent", "complete"),
      cleanup: ["DROP INDEX CONCURRENTLY IF EXISTS public.account_score"]),
    undo: .operations([
      .autocommit(
        id: "drop", title: "drop account_score",
        AutocommitWork(
          "DROP INDEX CONCURRENTLY public.account_score", probe: probe("complete", "absent"),
          cleanup: ["DROP INDEX CONCURRENTLY IF EXISTS public.account_score"]),
        undo: .nothing)
    ]))

  private static func probe(_ gone: String, _ there: String) -> SQL {
    """
    SELECT coalesce((SELECT CASE WHEN indisvalid THEN \(literal: there) ELSE 'partial' END FROM pg_index
      WHERE indexrelid = to_regclass('public.account_score')), \(literal: gone)), 'account_score'
    """
  }

  private static let chunked = PluginAPI.Operation.chunked(
    id: "raise", title: "raise item.n", chunks(change: "+"),
    undo: .operations([.chunked(id: "lower", title: "lower item.n", chunks(change: "-"), undo: .nothing)]))

  /// Two slices with three chunks each. Forward only the cursor tells what is done.
  private static func chunks(change sign: String) -> ChunkedWork {
    ChunkedWork(
      [
        """
        WITH todo AS (
          SELECT id FROM item WHERE part = ($slice->>'part')::int AND id > coalesce(($cursor->>'id')::int, 0)
          ORDER BY id LIMIT $size),
        done AS (
          UPDATE item SET n = n \(sql: sign) 1 FROM todo
          WHERE item.id = todo.id \(sql: sign == "+" ? "" : "AND n > 0") RETURNING item.id)
        SELECT jsonb_build_object('id', (SELECT max(id) FROM todo)), (SELECT count(*) FROM done)
        WHERE (SELECT count(*) FROM todo) = $size
        UNION ALL SELECT NULL, (SELECT count(*) FROM done) WHERE (SELECT count(*) FROM todo) < $size
        """
      ],
      slices: "SELECT jsonb_build_object('part', p), 30 FROM generate_series(0, 1) p",
      size: 12, largestSize: 12, target: .seconds(5), workers: 2)
  }

  private static let observe = PluginAPI.Operation.observe(
    id: "look", title: "look at the items",
    ObserveWork(
      [.init("raised", "SELECT bool_and(n = 1) FROM item", expect: .isTrue)], until: "SELECT true, 'no reason'",
      deadline: .seconds(30), every: .seconds(1)))

  private static func file(_ name: String) -> PluginAPI.Operation {
    PluginAPI.Operation(
      id: name, title: "write \(name)",
      work: .file(FileWork(path: name, mode: 0o640, content: [.text("as it shall be\n")])), undo: .nothing)
  }

  /// A folder can be made only once: whoever forgets to look before trying again fails.
  private static let process = PluginAPI.Operation(
    id: "make", title: "make a folder",
    work: .process(ProcessWork(["mkdir", "made"], timeout: .seconds(30), probe: ["test", "-d", "made"])),
    undo: .operations([
      PluginAPI.Operation(
        id: "remove", title: "remove the folder",
        work: .process(ProcessWork(["rmdir", "made"], timeout: .seconds(30), probe: ["test", "!", "-d", "made"])),
        undo: .nothing)
    ]))

  private static let parallel = PluginAPI.Operation.parallel(
    id: "beside", title: "count side by side", width: 2, [counted(2, "+"), counted(3, "+"), counted(4, "+")])

  /// In a folder, so that what the manifest says of the run is not compared.
  private static let export = PluginAPI.Operation.export(
    id: "copy", title: "copy the items",
    ExportWork([.init("items", "SELECT * FROM item ORDER BY id")], format: .csv, path: "copied", isFolder: true))

  /// Harmless as often as it comes.
  private static func admin(_ console: String) -> PluginAPI.Operation {
    let reload = AdminWork(console: Secret([.text(console)]), command: "RELOAD")
    return .admin(
      id: "reload", title: "reload the pooler", reload,
      undo: .operations([.admin(id: "again", title: "reload it again", reload, undo: .nothing)]))
  }

  private static let bracket = PluginAPI.Operation.bracket(
    id: "inside", title: "count inside",
    BracketWork(
      open: [edge("open", "INSERT INTO opened VALUES (1)")], body: [counted(7, "+")],
      close: [edge("close", "DELETE FROM opened")], deadline: .minutes(5)))

  private static func edge(_ id: String, _ sql: String) -> PluginAPI.Operation {
    .transaction(id: id, title: id, [TransactionStatement(SQL(verbatim: sql))], undo: .nothing)
  }
}

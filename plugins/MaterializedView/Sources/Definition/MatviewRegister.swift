import JSONText
import OnlineDDL
import PlanSchema
import PluginAPI

/// What outlives a run: how each view is to be refreshed, and how its last refresh went.
///
/// One row per view. Its key is the view's name, quoted and qualified, so that a view keeps its row when another
/// relation takes its name.
enum MatviewRegister {
  static let table = QualifiedName("caisson", "matview")

  static var create: SQL {
    SharedStore.creation(
      unless: table,
      """
      CREATE TABLE \(table.quoted) (
        view text PRIMARY KEY,
        query text,
        definition text,
        indexes text[] NOT NULL DEFAULT '{}',
        every text,
        mode text NOT NULL DEFAULT 'auto',
        min_interval_ms bigint NOT NULL DEFAULT 0,
        only_if_changed boolean NOT NULL DEFAULT false,
        timeout_ms bigint NOT NULL DEFAULT 1800000,
        verify jsonb NOT NULL DEFAULT '[]',
        as_of timestamptz,
        refreshed_at timestamptz,
        duration_ms bigint,
        rows bigint,
        refreshes bigint NOT NULL DEFAULT 0,
        failed_at timestamptz,
        failure text,
        staleness_before_ms bigint
      );
      """, seen: [table])
  }

  static func key(_ view: QualifiedName) -> String { view.quoted }

  /// The row, when there is one; it may be that nothing was ever registered.
  static func entry(of view: QualifiedName, _ facts: any Facts) async throws -> Entry? {
    try await entries(facts).first { $0.view == key(view) }
  }

  static func entries(_ facts: any Facts) async throws -> [Entry] {
    guard try await facts.rows("SELECT to_regclass(\(table.quoted)) IS NOT NULL").first?[0] == "t" else { return [] }
    return try await facts.rows(
      """
      SELECT view, query, definition, to_json(indexes) AS indexes, every, mode, min_interval_ms, only_if_changed,
        timeout_ms, verify FROM \(id: table)
      """).map(Entry.init)
  }

  static func remove(_ view: QualifiedName) -> SQL { "DELETE FROM \(id: table) WHERE view = \(literal: key(view))" }
}

extension MatviewRegister {
  /// What the plan said when the view was made or changed for the last time.
  struct Entry: Sendable, Hashable, Codable {
    var view: String
    /// As the plan has it; `nil`: registered by a refresh alone.
    var query: String?
    /// As the server rendered what it made of it, with every name qualified.
    var definition: String?
    /// Names of indexes the plan declared.
    var indexes: [String]
    var every: String?
    var mode: String
    var minIntervalMilliseconds: Int64
    var onlyIfChanged: Bool
    var timeoutMilliseconds: Int64
    var verify: [String]

    init(_ row: Row) throws {
      view = try row.string("view")
      query = row["query"]
      definition = row["definition"]
      indexes = try JSON(parsing: try row.string("indexes")).decoded()
      every = row["every"]
      mode = try row.string("mode")
      minIntervalMilliseconds = try row.int64("min_interval_ms")
      onlyIfChanged = try row.bool("only_if_changed")
      timeoutMilliseconds = try row.int64("timeout_ms")
      verify = try JSON(parsing: try row.string("verify")).decoded()
    }

    init(_ wanted: MatviewCreate.Parameters, query: String, indexes: [String]) {
      view = MatviewRegister.key(wanted.name)
      self.query = query
      self.indexes = indexes
      every = wanted.refresh.every?.json.string
      mode = wanted.refresh.mode.rawValue
      minIntervalMilliseconds = wanted.refresh.minInterval.milliseconds
      onlyIfChanged = wanted.refresh.onlyIfChanged
      timeoutMilliseconds = wanted.refresh.timeout.milliseconds
      verify = wanted.verify.map(\.value.text)
    }

    /// Equal but for the server's rendering.
    func says(what other: Entry) -> Bool {
      var one = self, two = other
      (one.definition, two.definition) = (nil, nil)
      return one == two
    }

    /// Writes the row; the definition is what the server makes of the view at that moment. What is known about
    /// refreshes stays.
    var write: [SQL] {
      let list: SQL = "ARRAY[\(sql: indexes.map { "\(literal: $0)" as SQL }.joined(separator: ", "))]::text[]"
      let values: [(String, SQL)] = [
        ("query", optional(query)), ("definition", rendering), ("indexes", list), ("every", optional(every)),
        ("mode", "\(literal: mode)"), ("min_interval_ms", SQL(verbatim: String(minIntervalMilliseconds))),
        ("only_if_changed", onlyIfChanged ? "true" : "false"), ("timeout_ms", SQL(verbatim: String(timeoutMilliseconds))),
        ("verify", "\(literal: JSON.array(verify.map(JSON.string)).text)::jsonb"),
      ]
      let columns = SQL(verbatim: values.map(\.0).joined(separator: ", "))
      let set = SQL(verbatim: values.map { "\($0.0) = EXCLUDED.\($0.0)" }.joined(separator: ", "))
      return [
        MatviewRegister.plainPath,
        """
        INSERT INTO \(id: MatviewRegister.table) (view, \(sql: columns))
        VALUES (\(literal: view), \(sql: values.map(\.1).joined(separator: ", ")))
        ON CONFLICT (view) DO UPDATE SET \(sql: set)
        """,
      ]
    }

    private var rendering: SQL { "regexp_replace(pg_get_viewdef(\(literal: view)::regclass), ';$', '')" }

    private func optional(_ text: String?) -> SQL { text.map { "\(literal: $0)" } ?? "NULL" }
  }

  /// Names outside pg_catalog are rendered qualified from here to the end of the transaction.
  static let plainPath: SQL = "SET LOCAL search_path = pg_catalog, pg_temp"

  /// The view holds what its tables held when the transaction began.
  static func filled(_ view: QualifiedName) -> SQL {
    """
    INSERT INTO \(id: table) (view, as_of, refreshed_at, rows)
    SELECT \(literal: key(view)), now(), clock_timestamp(), (SELECT count(*) FROM \(id: view))
    ON CONFLICT (view) DO UPDATE
    SET as_of = EXCLUDED.as_of, refreshed_at = EXCLUDED.refreshed_at, rows = EXCLUDED.rows
    """
  }

  /// What was known about the one is known about the other, which takes its rows.
  static func hand(_ from: QualifiedName, to name: QualifiedName) -> [SQL] {
    [
      """
      UPDATE \(id: table) AS m SET as_of = f.as_of, refreshed_at = f.refreshed_at, rows = f.rows
      FROM \(id: table) AS f WHERE m.view = \(literal: key(name)) AND f.view = \(literal: key(from))
      """,
      remove(from),
    ]
  }
}

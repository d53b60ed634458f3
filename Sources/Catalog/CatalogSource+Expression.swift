import JSONText
public import SQLText

/// Questions about scalar expressions over one table's columns, answered by the server's own planner: it parses,
/// resolves and folds them as an index build would. Each text must have passed `check` before.
extension CatalogSource {
  /// What the server says against the expressions; `nil`: they can be evaluated over the table.
  public func check(_ expressions: [String], on table: RelationFacts) async throws -> Refused? {
    try await attempt("EXPLAIN (COSTS OFF) SELECT \(listed(expressions)) FROM \(emptyRow(of: table))")
  }

  /// Whether a text our own parser cannot read is one expression: what closes a bracket it has not opened fails between
  /// the other kind.
  public func isSelfContained(_ expression: String, on table: RelationFacts) async throws -> Bool {
    try await attempt("EXPLAIN (COSTS OFF) SELECT ARRAY[\(expression)\n] FROM \(emptyRow(of: table))") == nil
  }

  /// As the planner prints them after folding constants: equal texts mean equal expressions, since all of it is the
  /// server's doing. Different texts may still mean the same.
  public func renderings(of expressions: [String], on table: QualifiedName) async throws -> [String] {
    guard !expressions.isEmpty else { return [] }
    let plan = try await plan("VERBOSE, ", "SELECT \(listed(expressions)) FROM ONLY \(table.quoted)")
    return (plan?["Output"]?.array ?? []).compactMap(\.string)
  }

  public func areEqual(_ one: String, _ other: String, on table: QualifiedName) async throws -> Bool {
    let texts = try await renderings(of: [one, other], on: table)
    return texts.count == 2 && texts[0] == texts[1]
  }

  /// Whether nothing in it is stable or volatile: functions, operators and casts. The planner takes a contradiction
  /// for false only when both sides are immutable.
  public func isImmutable(_ expression: String, on table: RelationFacts) async throws -> Bool {
    try await isContradiction("(\(expression)\n) IS NULL AND (\(expression)\n) IS NOT NULL", over: emptyRow(of: table))
  }

  /// Whether the planner can prove it, as it does to use a partial index. False may mean: not proven.
  public func implies(_ premise: String, _ conclusion: String, on table: RelationFacts) async throws -> Bool {
    try await isContradiction("(\(premise)\n) AND NOT (\(conclusion)\n)", over: emptyRow(of: table))
  }

  /// The type an expression has over the table, without evaluating it.
  public func type(of expression: String, on table: RelationFacts) async throws -> (oid: Int64, name: String)? {
    let text = """
      SELECT pg_typeof(s.value)::oid::int8 AS oid, pg_typeof(s.value)::text AS name
      FROM (SELECT (\(expression)
      ) AS value FROM \(emptyRow(of: table)) LIMIT 0) AS s RIGHT JOIN (SELECT 1) AS one ON true
      """
    guard let row = try await rows(SQL(verbatim: text)).first else { return nil }
    return (try row.int64("oid"), try row.string("name"))
  }

  /// Functions of that name that are not immutable: `now`, `pg_catalog.to_char`.
  public func volatility(ofFunction name: String, schema: String?) async throws -> [String] {
    try await repeatedRows(
      """
      SELECT DISTINCT CASE p.provolatile WHEN 's' THEN 'stable' WHEN 'v' THEN 'volatile' ELSE 'immutable' END AS v
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE p.proname = \(name) AND \(schema ?? "") IN ('', n.nspname::text)
      """).map { try $0.string("v") }
  }

  /// Runs an expression over one row with the search_path index builds have from PostgreSQL 17 on; it was parsed with
  /// the ordinary one, as the statement will be.
  public func tryUnderMaintenancePath(_ expression: String, on table: RelationFacts) async throws -> Refused? {
    let query = "SELECT (\(expression)\n) AS value FROM \(table.name.quoted) LIMIT 100"
    let body = """
      DECLARE
        rows_to_try refcursor;
        one_row record;
      BEGIN
        OPEN rows_to_try FOR EXECUTE \(Quoting.literal(query));
        PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
        LOOP
          FETCH rows_to_try INTO one_row;
          EXIT WHEN NOT FOUND;
        END LOOP;
      END
      """
    return try await withSettings([("search_path", try await searchPath())]) {
      try await attempt("DO LANGUAGE plpgsql " + Quoting.literal(body), timeout: "10s")
    }
  }

  private func searchPath() async throws -> String {
    try await rows("SELECT current_setting('search_path') AS value").first?["value"] ?? ""
  }

  private func isContradiction(_ condition: String, over source: String) async throws -> Bool {
    try await withSettings([("constraint_exclusion", "on")]) {
      let plan = try await plan("", "SELECT 1 FROM \(source) WHERE \(condition)")
      return plan?["One-Time Filter"]?.string == "false"
    }
  }

  private func plan(_ options: String, _ query: String) async throws -> JSON? {
    let found = try await rows(SQL(verbatim: "EXPLAIN (\(options)COSTS OFF, FORMAT JSON) \(query)"))
    guard let text = found.first?[0] else { return nil }
    return try JSON(parsing: text)[0]?["Plan"]
  }

  /// A new line before the parenthesis: an expression may end in a comment.
  private func listed(_ expressions: [String]) -> String {
    expressions.map { "(\($0)\n)" }.joined(separator: ", ")
  }

  /// The table's columns without its rows, its privileges or its partitions. `OFFSET 0` keeps the planner from
  /// replacing the columns by their NULLs.
  private func emptyRow(of table: RelationFacts) -> String {
    let columns = table.columns.map { "NULL::\(castable($0)) AS \(Quoting.identifier($0.name))" }
    return "(SELECT \(columns.joined(separator: ", ")) OFFSET 0) AS \(Quoting.identifier(table.name.name))"
  }

  private func castable(_ column: ColumnFacts) -> String {
    guard let collation = column.collation, collation.name != "default" else { return column.type }
    return "\(column.type) COLLATE \(collation.quoted)"
  }
}

import JSONText
import PluginAPI

/// Whether pg_ivm could keep the view up to date at each write, and why not.
struct IncrementalFindings {
  let query: ViewQuery
  let facts: any Facts

  func all() async throws -> [Finding] {
    guard let tree = query.parsed?.tree else { return [] }
    let reasons = try await IncrementalFindings.reasons(tree) + relations()
    let isThere = try await facts.rows("SELECT FROM pg_extension WHERE extname = 'pg_ivm'").first != nil
    guard reasons.isEmpty else {
      return [
        .note(
          "matview.ivm", "pg_ivm could not keep it up to date: \(reasons.joined(separator: "; "))", at: query.range)
      ]
    }
    let how = isThere
      ? "pg_ivm is there and could keep it up to date at each write; each write then waits for every other to the view's"
        + " tables, and it is not replicated logically"
      : "the query would suit pg_ivm, which is not installed; with it each write to its tables waits for every other"
    return [.note("matview.ivm", how, at: query.range)]
  }

  private static let aggregates: Set = ["count", "sum", "avg", "min", "max"]
  private static let unknownAggregates: Set = [
    "array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "bool_and", "bool_or",
    "every", "percentile_cont", "percentile_disc", "mode", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop",
    "var_samp", "corr", "bit_and", "bit_or", "xmlagg",
  ]

  /// By the text alone (pg_ivm's README, "Supported View Definitions and Restriction").
  static func reasons(_ tree: JSON) -> [String] {
    var reasons: [String] = []
    func add(_ reason: String) { if !reasons.contains(reason) { reasons.append(reason) } }
    var hasOuter = false, hasAggregate = false, hasCase = false
    tree.eachNode { kind, body in
      switch kind {
      case "JoinExpr" where ["JOIN_LEFT", "JOIN_RIGHT", "JOIN_FULL"].contains(body.word("jointype")): hasOuter = true
      case "CaseExpr", "CoalesceExpr": hasCase = true
      case "SQLValueFunction": add("it depends on the clock or on who asks")
      case "FuncCall":
        let name = body.names("funcname").last ?? ""
        if body["over"] != nil { add("window functions") }
        if aggregates.contains(name) || body.flag("agg_star") { hasAggregate = true }
        if unknownAggregates.contains(name) { add("aggregate \(name)") }
        if body.flag("agg_distinct") { add("\(name)(DISTINCT …)") }
        if body["agg_filter"] != nil { add("FILTER on an aggregate") }
        if ["now", "random", "clock_timestamp", "transaction_timestamp"].contains(name) { add("\(name)() is not immutable") }
      case "GroupingSet": add("grouping sets")
      case "RangeTableSample": add("TABLESAMPLE")
      case "RangeFunction": add("a function in FROM")
      case "WithClause" where body.flag("recursive"): add("WITH RECURSIVE")
      default: break
      }
    }
    if hasOuter, hasAggregate { add("an outer join together with aggregates") }
    if hasOuter, hasCase { add("CASE or COALESCE above an outer join") }
    for (key, what) in [
      ("havingClause", "HAVING"), ("sortClause", "ORDER BY"), ("limitCount", "LIMIT"), ("limitOffset", "OFFSET"),
      ("distinctClause", "DISTINCT"), ("valuesLists", "VALUES"),
    ] where tree[key] != nil && (key != "distinctClause" || tree.list(key).contains { !$0.isNull && $0.syntaxNode != nil }) {
      add(what == "DISTINCT" ? "DISTINCT ON" : what)
    }
    if let set = tree.word("op"), set != "SETOP_NONE" { add("UNION, INTERSECT or EXCEPT") }
    return reasons
  }

  /// Tables alone, neither partitioned nor foreign.
  private func relations() async throws -> [String] {
    let read = query.relations
    guard !read.isEmpty else { return [] }
    let rows = try await facts.rows(
      """
      SELECT DISTINCT c.relkind::text AS kind FROM unnest(\(read.map(\.schema))::text[], \(read.map(\.name))::text[])
        AS w(schema, name)
      JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
      WHERE c.relkind <> 'r' ORDER BY 1
      """)
    return try rows.map { row in
      let kind = RelationKind(rawValue: try row.string("kind"))?.noun ?? "relation"
      return "it reads a \(kind)"
    }
  }
}

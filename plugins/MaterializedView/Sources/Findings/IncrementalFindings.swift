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

  private static let moving: Set = ["now", "random", "clock_timestamp", "transaction_timestamp", "statement_timestamp"]

  /// By the text alone (pg_ivm's README, "Supported View Definitions and Restriction").
  static func reasons(_ tree: JSON) -> [String] {
    var reasons: [String] = []
    var hasOuter = false, hasAggregate = false, hasCase = false
    tree.eachNode { kind, body in
      switch kind {
      case "JoinExpr": if (body.word("jointype") ?? "JOIN_INNER") != "JOIN_INNER" { hasOuter = true }
      case "CaseExpr", "CoalesceExpr": hasCase = true
      case "FuncCall":
        if aggregates.contains(body.names("funcname").last ?? "") { hasAggregate = true }
        reasons += call(body)
      case "SelectStmt": reasons += inSubquery(body)
      default: if let reason = parts[kind] { reasons.append(reason) }
      }
    }
    if hasOuter, hasAggregate { reasons.append("an outer join together with aggregates") }
    if hasOuter, hasCase { reasons.append("CASE or COALESCE above an outer join") }
    return (reasons + clauses(tree)).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  private static let parts = [
    "SQLValueFunction": "it depends on the clock or on who asks", "GroupingSet": "grouping sets",
    "RangeTableSample": "TABLESAMPLE", "RangeFunction": "a function in FROM",
  ]

  private static func call(_ body: JSON) -> [String] {
    let name = body.names("funcname").last ?? ""
    return [
      body["over"] != nil ? "window functions" : nil,
      unknownAggregates.contains(name) ? "aggregate \(name)" : nil,
      body.flag("agg_distinct") ? "\(name)(DISTINCT …)" : nil,
      body["agg_filter"] != nil ? "FILTER on an aggregate" : nil,
      moving.contains(name) ? "\(name)() is not immutable" : nil,
    ].compactMap { $0 }
  }

  private static func clauses(_ tree: JSON) -> [String] {
    let known = [
      ("havingClause", "HAVING"), ("sortClause", "ORDER BY"), ("limitCount", "LIMIT"), ("limitOffset", "OFFSET"),
      ("valuesLists", "VALUES"),
    ].filter { tree[$0.0] != nil }.map(\.1)
    let distinct = tree.list("distinctClause").contains { $0.syntaxNode != nil } ? ["DISTINCT ON"] : []
    let isSet = (tree.word("op") ?? "SETOP_NONE") != "SETOP_NONE"
    let recursive = tree["withClause"]?.flag("recursive") ?? false ? ["WITH RECURSIVE"] : []
    return known + distinct + recursive + (isSet ? ["UNION, INTERSECT or EXCEPT"] : [])
  }

  /// What a subquery may not do, though the query itself may.
  private static func inSubquery(_ select: JSON) -> [String] {
    var aggregates = !select.list("groupClause").isEmpty
    for target in select.list("targetList") {
      target.eachNode { kind, body in
        if kind == "FuncCall", Self.aggregates.contains(body.names("funcname").last ?? "") { aggregates = true }
      }
    }
    return (select.word("op").map { $0 != "SETOP_NONE" } == true ? ["UNION, INTERSECT or EXCEPT in a subquery"] : [])
      + (select.list("distinctClause").isEmpty ? [] : ["DISTINCT in a subquery"])
      + (aggregates ? ["an aggregate in a subquery"] : [])
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

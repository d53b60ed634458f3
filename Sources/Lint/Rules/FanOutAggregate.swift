import JSONText
import SQLText

enum FanOutAggregate: Rule {
  static let code = "lint.fan_out_aggregate"
  static let summary = "An aggregate over joins to more than one many-side counts rows several times."
  static let advice =
    "aggregate each side in a subquery or LATERAL of its own, then join; count(DISTINCT …) where it fits"
  static let nodes = ["SelectStmt", "CreateTableAsStmt", "ViewStmt", "InsertStmt"]

  private static let aggregates: Set = ["count", "sum", "avg", "array_agg", "string_agg", "json_agg", "jsonb_agg"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    var findings: [LintFinding] = []
    examine(subject.node == "SelectStmt" ? subject.tree : nil, subject, &findings)
    subject.tree.eachNode { kind, body in
      if kind == "SelectStmt" { examine(body, subject, &findings) }
    }
    return findings
  }

  private static func examine(_ query: JSON?, _ subject: Subject, _ findings: inout [LintFinding]) {
    guard let query, let call = multiplied(query), let (one, many) = manySides(query), many.count > 1 else { return }
    findings.append(
      finding(
        subject,
        "\(many.sorted().joined(separator: " and ")) are both many-sides of \(one): each row of one is repeated "
          + "for every row of the other before \(call.names("funcname").last ?? "") sees it", at: call["location"]))
  }

  /// An aggregate in the select list that repeated rows change.
  private static func multiplied(_ query: JSON) -> JSON? {
    guard query.list("fromClause").contains(where: { $0["JoinExpr"] != nil }) else { return nil }
    var found: JSON?
    for target in query.list("targetList") {
      target.eachNode { kind, body in
        guard found == nil, kind == "FuncCall", !body.flag("agg_distinct"), body["over"] == nil,
          aggregates.contains(body.names("funcname").last ?? "")
        else { return }
        found = body
      }
    }
    return found
  }

  /// The relation whose `id` two or more joined ones refer to, and those.
  private static func manySides(_ query: JSON) -> (one: String, many: Set<String>)? {
    var sides: [String: Set<String>] = [:]
    for item in query.list("fromClause") {
      item.eachNode { kind, body in
        guard kind == "JoinExpr", let quals = body["quals"] else { return }
        for (one, many) in references(quals) { sides[one, default: []].insert(many) }
      }
    }
    return sides.max { $0.value.count < $1.value.count }.map { ($0.key, $0.value) }
  }

  /// `many.x_id = one.id` in a join condition.
  private static func references(_ quals: JSON) -> [(one: String, many: String)] {
    let parts = quals["BoolExpr"].map { $0.word("boolop") == "AND_EXPR" ? $0.list("args") : [] } ?? [quals]
    return parts.compactMap { part in
      guard let test = part["A_Expr"], test.names("name") == ["="] else { return nil }
      let sides = ["lexpr", "rexpr"].compactMap { test[$0]?["ColumnRef"]?.names("fields") }.filter { $0.count == 2 }
      guard sides.count == 2, let one = sides.first(where: { $0[1] == "id" }),
        let many = sides.first(where: { $0[1].hasSuffix("_id") }), one[0] != many[0]
      else { return nil }
      return (one[0], many[0])
    }
  }
}

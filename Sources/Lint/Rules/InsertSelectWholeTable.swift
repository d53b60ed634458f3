import JSONText
import SQLText

enum InsertSelectWholeTable: Rule {
  static let code = "lint.insert_select_whole_table"
  static let summary = "INSERT … SELECT without WHERE or LIMIT copies a table in one transaction."
  static let advice = "data.batch with insert_into, or partition.swap when it is a move of the table"
  static let nodes = ["InsertStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let query = subject.tree["selectStmt"]?["SelectStmt"], !isBounded(query),
      let source = QueryWalk(query).uses.first?.relation, !around.isNew(source), source.schema != "pg_catalog"
    else { return [] }
    return [
      finding(
        subject, "\(source)\(context.size(of: source)) is copied in one transaction; rows written meanwhile are missed",
        blocks: "the snapshot holds back VACUUM and concurrent index builds for as long as the copy takes")
    ]
  }

  private static func isBounded(_ query: JSON) -> Bool {
    query["whereClause"] != nil || query["limitCount"] != nil || query["valuesLists"] != nil
      || query["fromClause"] == nil || query["havingClause"] != nil
  }
}

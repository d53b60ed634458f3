import JSONText
import SQLText

enum LikeCopiesKeys: Rule {
  static let code = "lint.like_copies_keys"
  static let summary = "LIKE … INCLUDING INDEXES of a table partitioned by a column outside its keys fails."
  static let advice =
    "LIKE … INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY, then keys that contain the partition key"
  static let nodes = ["CreateStmt"]

  /// CREATE_TABLE_LIKE_INDEXES of parsenodes.h.
  private static let indexes: Int64 = 1 << 6

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.tree["partspec"] != nil else { return [] }
    return subject.tree.list("tableElts").compactMap { $0["TableLikeClause"] }
      .filter { ($0["options"]?.int ?? 0) & indexes != 0 }
      .map { like in
        let source = like["relation"]?.relation.map { "\($0)" } ?? "the source"
        return finding(
          subject,
          "the keys of \(source) are copied, and PostgreSQL refuses each that lacks the partition "
            + "key (SQLSTATE 0A000); identity is lost or doubled, foreign keys and triggers are not copied",
          at: like["relation"]?["location"])
      }
  }
}

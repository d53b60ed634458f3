import JSONText
import SQLText

enum ClusterRewrites: Rule {
  static let code = "lint.cluster_rewrites"
  static let summary = "CLUSTER rewrites the table under ACCESS EXCLUSIVE."
  static let advice = "an online rebuild (pg_repack --order-by), or a BRIN-friendly insert order"
  static let nodes = ["ClusterStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard !around.isNew(subject.relation) else { return [] }
    let name = subject.relation.map { "\($0)" } ?? "every clustered table"
    return [
      finding(subject, "CLUSTER rewrites \(name)\(context.size(of: subject.relation)) and its indexes",
              blocks: "readers and writers wait for the whole rewrite")
    ]
  }
}

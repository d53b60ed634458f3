import JSONText
import SQLText

enum KeyLacksPartitionColumn: Rule {
  static let code = "lint.key_lacks_partition_column"
  static let severity = LintFinding.Severity.refusal
  static let summary = "A primary key or unique constraint of a partitioned table must contain the partition key."
  static let advice =
    "add the partition key to the constraint; uniqueness then holds per pair only (a guard table keeps it global)"
  static let nodes = ["CreateStmt"]

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard let key = subject.tree["partspec"] else { return [] }
    let wanted = key.list("partParams").compactMap { $0["PartitionElem"]?.word("name") }
    return constraints(subject.tree).compactMap { constraint, columns in
      let missing = wanted.filter { !columns.contains($0) }
      guard !missing.isEmpty else { return nil }
      return finding(
        subject,
        "the key (\(columns.joined(separator: ", "))) lacks the partition key "
          + "\(missing.joined(separator: ", ")): PostgreSQL refuses it (SQLSTATE 0A000)", at: constraint["location"])
    }
  }

  private static func constraints(_ table: JSON) -> [(JSON, [String])] {
    let kinds = ["CONSTR_PRIMARY", "CONSTR_UNIQUE"]
    return table.list("tableElts").flatMap { element -> [(JSON, [String])] in
      if let constraint = element["Constraint"] { return [(constraint, constraint.names("keys"))] }
      guard let column = element["ColumnDef"], let name = column.word("colname") else { return [] }
      return column.list("constraints").compactMap { $0["Constraint"] }.map { ($0, [name]) }
    }.filter { kinds.contains($0.0.word("contype") ?? "") }
  }
}

import PluginAPI

/// What stands on a view and could not be made again on another one.
struct DependentFindings {
  let tree: ViewTree
  /// Of the view as it is to be.
  let columns: [String]
  let range: SourceRange
  let facts: any Facts

  func all() async throws -> [Finding] {
    let objects = tree.inventory.dependents.compactMap(obstacle)
    return try await objects + missingColumns()
  }

  private var name: QualifiedName { tree.name }

  private func obstacle(_ dependent: TableInventory.Dependent) -> Finding? {
    switch dependent.object {
    case .other:
      return refusal(dependent, "cannot be made again", "drop it first, and make it again afterwards")
    case .function where dependent.usesRowType:
      return refusal(
        dependent, "has the row type of the view, or of one on top of it, in its arguments, its result or its body: it"
          + " would go on meaning the old one", "drop it first, and make it again afterwards")
    case .view(let view):
      let others = tree.inventory.dependents.filter { other in
        guard dependent.refersTo.contains(other.oid) else { return false }
        if case .view = other.object { return false }
        return true
      }
      guard let other = others.first else { return nil }
      guard view.isMaterialized || others.contains(where: \.usesRowType) else { return nil }
      return refusal(
        dependent, "reads \(name) through \(other.description): beside, it would be filled from the old one",
        "make it read the view itself")
    case .function, .rule, .policy: return nil
    }
  }

  private func refusal(_ dependent: TableInventory.Dependent, _ why: String, _ choice: String) -> Finding {
    .refusal(
      "matview.dependent", "\(dependent.description) stands on \(name) and \(why); swapped in, the new definition would"
        + " leave it behind", choices: [choice, "leave the definition as it is"], at: range)
  }

  /// Views on top that read a column the new definition does not have.
  private func missingColumns() async throws -> [Finding] {
    guard !columns.isEmpty else { return [] }
    let rows = try await facts.rows(
      """
      SELECT DISTINCT pg_describe_object('pg_class'::regclass, r.ev_class, 0) AS reader, a.attname AS column
      FROM pg_depend d
      JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = \(tree.root.relation.oid)::int8::oid
        AND d.refobjsubid > 0 AND r.ev_class <> d.refobjid AND NOT a.attname = ANY (\(columns)::name[])
      ORDER BY 1, 2
      """)
    return try rows.map { row in
      let column = QualifiedName.readable(try row.string("column"))
      return .refusal(
        "matview.dependent_column", "\(try row.string("reader")) reads column \(column) of \(name), which the new"
          + " definition does not return: it could not be made again",
        choices: ["keep the column in the query", "change or drop \(try row.string("reader")) first"], at: range)
    }
  }
}

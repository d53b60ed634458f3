import OnlineDDL
import PluginAPI

extension RetentionFindings {
  var referenceFindings: [Finding] {
    guard wanted.mode.removes else { return unknown }
    return unknown + table.references.flatMap { reference in
      [unindexed(reference), undecided(reference)].compactMap { $0 }
    }
  }

  /// Foreign keys whose referenced rows stay.
  var keeping: [IncomingReference] {
    guard wanted.mode.removes else { return [] }
    return table.references.filter { wanted.references[$0.constraint] == .keep }
  }

  private var unknown: [Finding] {
    let names = table.references.map(\.constraint)
    return wanted.references.filter { !names.contains($0.key) }.map { entry in
      let near = Spelling.nearest(to: entry.key, in: names)
      return .refusal(
        "retention.reference", "no foreign key \(entry.key) points to \(table.name)",
        choices: near.map { ["did you mean \($0)?"] } ?? ["leave it out"], at: entry.range)
    }
  }

  /// PostgreSQL looks for referring rows once for every row that goes, and at all of them when a partition goes.
  private func unindexed(_ reference: IncomingReference) -> Finding? {
    guard !reference.isIndexed else { return nil }
    let columns = reference.columns.map(QualifiedName.readable).joined(separator: ", ")
    return .refusal(
      "retention.unindexed_reference",
      "\(reference.from) refers to \(table.name) by \(columns) (\(reference.constraint)) without an index: all of it is read"
        + " for every row that goes",
      choices: [
        "in a step before: uses: index.create, with: { table: \(reference.from), columns: [\(columns)] }"
      ], at: wanted.$table)
  }

  private func undecided(_ reference: IncomingReference) -> Finding? {
    guard deletesRows, wanted.references[reference.constraint] == nil else { return nil }
    let name = QualifiedName.readable(reference.constraint)
    let keep = "references: { \(name): keep } (rows it refers to stay)"
    let (what, follow): (String, String) =
      switch reference.onDelete {
      case "c": ("rows of \(reference.from) that refer to them would be deleted too", "(they go as well)")
      case "n", "d": ("rows of \(reference.from) that refer to them would lose that", "(they lose it)")
      default: ("PostgreSQL refuses to delete what \(reference.from) refers to (23503)", "(end their stay in a step before)")
      }
    return .refusal(
      "retention.reference_choice", "\(what): foreign key \(reference.constraint)",
      choices: [keep, "references: { \(name): follow } \(follow)"], at: wanted.$table)
  }
}

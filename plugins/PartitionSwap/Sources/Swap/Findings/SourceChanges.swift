import PluginAPI

/// What the table has got, lost or changed since its copy was made, and the copy would not have. The rest, grants and
/// views for example, is taken over as it is at the cutover.
struct SourceChanges {
  let made: TableInventory
  let now: TableInventory
  let wanted: PartitionSwap.Parameters

  var findings: [Finding] {
    var before = made, after = now
    // Made at the cutover, from what there is then.
    before.constraints.removeAll { $0.kind == .foreignKey }
    after.constraints.removeAll { $0.kind == .foreignKey }
    after.constraints.removeAll(where: isOurs)
    return before.difference(to: after).filter(isMissed).map { change in
      .refusal(
        "swap.changed", "\(change.description) in \(now.name) since the copy was made, and the copy would not have it so",
        choices: ["undo that change for now", "roll the step back and start it again"], at: wanted.$table)
    }
  }

  /// PostgreSQL 18 has a constraint for the NOT NULL that filled keys get; the copy's column has it without.
  private func isOurs(_ constraint: TableInventory.Constraint) -> Bool {
    guard case .fill = wanted.nullKeys else { return false }
    return constraint.kind == .notNull && constraint.columns == [wanted.by.name]
  }

  private func isMissed(_ change: InventoryDifference) -> Bool {
    let aspect = change.aspect
    switch change.object.split(separator: " ").first {
    case "column":
      return aspect == nil
        || ["place", "type", "collation", "NOT NULL", "default", "generated as", "generated", "identity"].contains(aspect)
    case "index": return aspect == nil || ["definition", "unique", "valid", "constraint", "replica identity"].contains(aspect)
    case "constraint": return aspect == nil || aspect == "definition"
    case "sequence": return aspect == nil || aspect == "identity"
    case "foreign": return aspect == nil && change.kind == .added || aspect == "definition"
    case "publication": return wanted.publications == .refuse && aspect == nil && change.kind == .added
    default: return false
    }
  }
}

import OnlineDDL
import PluginAPI

extension SwapSubject {
  /// Those the plan wants.
  func guards() async throws -> [KeyGuard] {
    var guards: [KeyGuard] = []
    for index in guarded {
      let constraint = table.constraint(index.constraint ?? "")
      let rule: KeyGuard.Rule =
        index.isExclusion
        ? .exclusion(definition: constraint?.definition ?? "", condition: index.predicate)
        : .unique(countsNulls: index.nullsNotDistinct)
      let identity = index.isExclusion ? pairColumns : index.keyColumns
      let further = index.isExclusion ? index.columns.filter { !pairColumns.contains($0) } : []
      guards.append(
        KeyGuard(
          name: index.name.name, rule: rule, identity: try await LoggedColumn.read(identity, of: name, facts),
          further: try await LoggedColumn.read(further, of: name, facts),
          comment: index.isExclusion ? constraint?.comment : nil, table: name, owner: table.relation.owner,
          number: guards.count + 1))
    }
    return guards
  }

  /// What they stand for.
  var guarded: [TableInventory.Index] {
    narrowUniques.filter { !$0.isExclusion && wanted.unique[$0.name.name] == .guard }
      + table.indexes.filter { $0.isExclusion && isGuarded($0.constraint ?? "") }
  }

  func isGuarded(_ constraint: String) -> Bool {
    wanted.exclusion[constraint] == .guard && !exclusions.contains { $0.name == constraint && staysWhole($0) }
  }

  func guardFindings() -> [Finding] {
    guarded.filter { !$0.isExclusion }.compactMap { index in
      let what: String
      if index.keys.contains(where: { $0.column == nil }) {
        what = "has an expression among its keys"
      } else if index.predicate != nil {
        what = "is partial"
      } else if table.constraint(index.constraint ?? "")?.isDeferrable ?? false {
        what = "is deferrable"
      } else {
        return nil
      }
      return .refusal(
        "swap.unique", "\(index.name.name) \(what): a guard cannot keep it",
        choices: ["unique: { \(index.name.name): append }", "unique: { \(index.name.name): drop }"], at: wanted.$unique)
    }
  }
}

import PluginAPI

/// The table a step names, or why there is none.
enum TargetTable {
  case found(RelationFacts)
  case refused(Finding)

  static func find(_ name: QualifiedName, at mark: SourceRange, _ facts: any Facts) async throws -> TargetTable {
    guard let table = try await facts.relation(name) else {
      let near = try await facts.relationNames(like: name)
      let hint = near.first.map { "; did you mean \($0)?" } ?? ""
      return .refused(.refusal(
        "index.table", "\(name) does not exist\(hint)",
        choices: near.isEmpty ? ["create the table in an earlier step"] : near.map { "table: \($0)" }, at: mark))
    }
    guard table.kind.canHaveIndexes else {
      return .refused(.refusal(
        "index.table", "\(name) is a \(table.kind.noun): it cannot have indexes",
        choices: ["name the table behind it"], at: mark))
    }
    return .found(table)
  }
}

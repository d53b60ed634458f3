import OnlineDDL
import PluginAPI

extension IndexCompiler {
  /// Only btree indexes serve a prefix of their keys; of the other methods exact twins are told.
  func redundancyFindings(_ others: [IndexFacts]) async throws -> [Finding] {
    var findings: [Finding] = []
    for other in others where other.isValid && other.name != index.name && other.method == index.spec.method {
      if let finding = try await redundancy(other) { findings.append(finding) }
    }
    return findings
  }

  private func redundancy(_ other: IndexFacts) async throws -> Finding? {
    guard try await commonPrefix(with: other) else { return nil }
    let wantedCount = index.keys.count, otherCount = other.keys.count
    let covers = try await predicateImplies(index.spec.predicate, other.predicate)
    let isCovered = try await predicateImplies(other.predicate, index.spec.predicate)
    if wantedCount == otherCount, covers, isCovered, Set(index.spec.include) == Set(other.include),
      index.spec.isUnique == other.isUnique
    {
      return .warning(
        "index.duplicate", "\(other.name) is the same index under another name",
        choices: ["leave this step out", "index.drop \(other.name) afterwards"], at: marks.table)
    }
    guard index.spec.method == "btree" else { return nil }
    if wantedCount <= otherCount, covers, !index.spec.isUnique,
      Set(index.spec.include).isSubset(of: other.include + other.keys.compactMap(\.column))
    {
      return .warning(
        "index.redundant",
        "\(other.name) begins with these keys already and serves the same queries: \(other.definition)",
        choices: ["leave this step out, unless the smaller index is measurably better"], at: marks.table)
    }
    if otherCount <= wantedCount, isCovered, !other.isUnique, other.constraint == nil,
      Set(other.include).isSubset(of: index.spec.include + index.spec.columns)
    {
      return .warning(
        "index.makes_redundant", "the keys of \(other.name) are the first of this index: it can go afterwards",
        choices: ["index.drop \(other.name) when this index is built"], at: marks.table)
    }
    return nil
  }

  /// Whether the keys of the shorter are the first of the longer.
  private func commonPrefix(with other: IndexFacts) async throws -> Bool {
    for (wanted, there) in zip(index.keys, other.keys) {
      guard wanted.column == there.column, wanted.operatorClass == there.operatorClass,
        wanted.isDescending == there.isDescending, wanted.nullsFirst == there.nullsFirst
      else { return false }
      if wanted.column == nil {
        guard try await facts.areEqual(wanted.text, there.text, on: table.name) else { return false }
      } else if wanted.collation != there.collation {
        return false
      }
    }
    return true
  }

  /// Whether every row the first condition takes is taken by the second; no condition takes all.
  private func predicateImplies(_ premise: String?, _ conclusion: String?) async throws -> Bool {
    guard let conclusion else { return true }
    guard let premise else { return false }
    return try await facts.implies(premise, conclusion, on: table)
  }
}

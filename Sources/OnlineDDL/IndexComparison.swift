public import PluginAPI

/// How an existing index compares with a wanted one.
public enum IndexComparison: Sendable, Hashable {
  case same
  /// In one clause.
  case different(String)
}

extension ResolvedIndex {
  /// The shape is compared piece by piece as the catalog has it, expressions and predicate as the planner prints them
  /// after folding. What cannot be shown to be the same is different.
  public func comparison(
    with existing: IndexFacts, on table: QualifiedName, _ facts: any Facts
  ) async throws -> IndexComparison {
    guard existing.table == table else { return .different("it is on \(existing.table)") }
    guard existing.signature == definition.signature else {
      return .different("wanted is \(definition.signature), there is \(existing.signature)")
    }
    let wanted = spec.expressions + [spec.predicate].compactMap { $0 }
    let there = existing.expressions + [existing.predicate].compactMap { $0 }
    guard wanted.count == there.count else { return .different("another number of expressions") }
    guard !wanted.isEmpty else { return .same }
    let texts = try await facts.renderings(of: wanted + there, on: table)
    guard texts.count == 2 * wanted.count else { return .different("the server does not show its expressions") }
    for (place, text) in texts.prefix(wanted.count).enumerated() where text != texts[place + wanted.count] {
      return .different("`\(wanted[place])` against `\(there[place])`")
    }
    return .same
  }
}

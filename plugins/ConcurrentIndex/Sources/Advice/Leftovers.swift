import OnlineDDL
import PluginAPI

extension IndexCompiler {
  /// Invalid neighbours cost every write and serve no query; they are nobody's but a person's to remove.
  func leftoverFindings(_ others: [IndexFacts]) async throws -> [Finding] {
    let invalid = others.filter { !$0.isValid && !$0.isPartitioned && $0.parent == nil && $0.name != index.name }
    guard !invalid.isEmpty else { return [] }
    let busy = try await facts.builds(on: table)
    guard busy.isEmpty else { return [] }
    return invalid.map { other in
      let isReindex = other.name.name.contains("_ccnew") || other.name.name.contains("_ccold")
      return .warning(
        "index.invalid_neighbour",
        "\(other.name) is invalid\(isReindex ? ", left by a REINDEX CONCURRENTLY that failed" : ""): it slows writes and"
          + " serves no query",
        choices: ["DROP INDEX CONCURRENTLY \(other.name.quoted)", "index.drop \(other.name)"], at: marks.table)
    }
  }
}

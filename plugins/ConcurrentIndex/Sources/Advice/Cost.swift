import OnlineDDL
import PluginAPI

extension IndexCompiler {
  /// An update that changes no indexed column is HOT: it writes no index. Every column newly indexed may end that.
  func hotFindings(_ others: [IndexFacts]) -> [Finding] {
    guard let share = table.hotShare, share >= 0.3 else { return [] }
    let indexed = Set(others.flatMap(\.columns))
    let wanted = index.spec.include + index.spec.columns
    let new = wanted.filter { !indexed.contains($0) }
    guard !new.isEmpty else { return [] }
    let covering = index.spec.include.contains { new.contains($0) }
    return [
      .warning(
        "index.hot",
        "\(Int((share * 100).rounded())) % of the updates of \(table.name) are HOT, and \(new.joined(separator: ", ")) is in no"
          + " index yet: updates that change it will write every index of the table",
        choices: covering
          ? ["leave columns that change often out of `include`", "keep it if they hardly ever change"]
          : ["keep it if the column hardly ever changes"],
        at: covering ? marks.include.first : marks.keys.first)
    ]
  }

  /// Free disk cannot be seen through SQL: what the index will take can be estimated.
  func sizeFindings() -> [Finding] {
    guard let bytes = estimatedBytes, bytes >= Double(256 << 20) else { return [] }
    return [
      .note(
        "index.size",
        "it will take about \(size(bytes)), and as much again for sorting (table: \(size(Double(table.bytes)))); the server"
          + " does not tell how much disk is free", at: marks.table)
    ]
  }

  /// Key widths, tuple header and fill factor of a btree; other methods differ too much to guess.
  private var estimatedBytes: Double? {
    guard index.spec.method == "btree", let rows = table.rows, index.spec.predicate == nil else { return nil }
    let names = index.spec.columns + index.spec.include
    let width = names.reduce(0) { $0 + (table.column($1)?.averageWidth ?? 8) } + 16 * index.spec.expressions.count
    return rows * Double((width + 7) / 8 * 8 + 12) / 0.9
  }

  func visibilityFindings() async throws -> [Finding] {
    var findings: [Finding] = []
    if index.spec.predicate != nil {
      findings.append(.note(
        "index.partial",
        "a partial index serves queries whose condition implies `where` with constants: a prepared statement with a"
          + " parameter in their place cannot use it once its plan is generic", at: marks.predicate))
    }
    if try await !facts.seesOtherSessions() {
      findings.append(.note(
        "index.sessions_hidden",
        "this role cannot see other sessions (GRANT pg_read_all_stats): nobody can be named while the build waits",
        at: marks.table))
    }
    return findings
  }

  func count(_ rows: Double?) -> String {
    guard let rows else { return "an unknown number of" }
    return rows >= 1e6 ? "\(Int((rows / 1e6).rounded())) million" : String(Int(rows))
  }

  private func size(_ bytes: Double) -> String {
    bytes >= Double(10 << 30) ? "\(Int(bytes / Double(1 << 30))) GB" : "\(Int(bytes / Double(1 << 20))) MB"
  }
}

import OnlineDDL
import PluginAPI

extension IndexCompiler {
  /// A BRIN index remembers only the range of each block run: useless where values lie scattered, slow where a few do.
  func brinFindings() -> [Finding] {
    guard index.spec.method == "brin" else { return [] }
    var findings: [Finding] = []
    for (place, column) in index.spec.columns.enumerated() {
      let mark = marks.keys.indices.contains(place) ? marks.keys[place] : marks.table
      guard let correlation = table.column(column)?.correlation else {
        findings.append(.warning(
          "index.brin_unknown", "\(table.name) has no statistics about \(column): whether BRIN helps is unknown",
          choices: ["ANALYZE \(table.name.quoted) first", "method: btree"], at: mark))
        continue
      }
      guard abs(correlation) < 0.99 else { continue }
      findings.append(.warning(
        "index.brin_correlation",
        "the rows of \(table.name) lie in the order of \(column) with a correlation of \(rounded(correlation)) only: below"
          + " 0.99 a BRIN index reads many blocks in vain",
        choices: ["method: btree", "opclass: …_minmax_multi_ops for a few late rows"], at: mark))
    }
    if (table.rows ?? 0) < 1e7 {
      findings.append(.note(
        "index.brin_small",
        "\(table.name) has about \(count(table.rows)) rows: below 10 million a btree costs little and is up to a"
          + " hundred times faster for a narrow range. Keep an existing btree unless you measured", at: marks.method))
    }
    if !index.spec.options.contains(where: { $0.name == "autosummarize" }) {
      findings.append(.note(
        "index.brin_summarize", "new block ranges are read whole until VACUUM summarizes them: `with: {autosummarize: true}`",
        at: marks.method))
    }
    return findings
  }

  private func rounded(_ value: Double) -> String {
    let hundredths = Int((abs(value) * 100).rounded())
    return "\(value < 0 ? "-" : "")\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}

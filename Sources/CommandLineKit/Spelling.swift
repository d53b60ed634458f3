/// "Did you mean": the candidate that a typing slip turns into a word.
enum Spelling {
  /// The nearest candidate when it is near enough to be what was meant.
  static func closest(to word: String, among candidates: [String]) -> String? {
    let limit = max(1, (word.count + 1) / 3)
    let scored = candidates.map { (name: $0, distance: distance(word, $0)) }
    if let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= limit { return best.name }
    let longer = candidates.filter { word.count >= 2 && $0.hasPrefix(word) }
    return longer.count == 1 ? longer.first : nil
  }

  /// Insertions, deletions, substitutions and swaps of neighbours that lead from one word to the other.
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.utf8), b = Array(b.utf8)
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(row[j], rows[i][j + 1]) + 1
        best = min(best, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}

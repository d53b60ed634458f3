/// "Did you mean": the nearest of the known words, when it is near enough to be what was meant. Looks at the first
/// thousand of them: no plan has more, and a huge one must not take long to refuse.
public enum Spelling {
  public static func nearest(to word: String, in known: some Sequence<String>) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let letters = Array(word.lowercased().unicodeScalars)
    // One slip in short words, two from five letters, three from nine.
    let threshold = letters.count < 5 ? 1 : letters.count < 9 ? 2 : 3
    var best: (word: String, distance: Int)?
    for candidate in known.prefix(1_000) where candidate.utf8.count <= 64 {
      let other = Array(candidate.lowercased().unicodeScalars)
      guard abs(other.count - letters.count) <= threshold else { continue }
      let distance = distance(letters, other)
      if distance <= threshold, distance < other.count, distance < best?.distance ?? .max {
        best = (candidate, distance)
      }
    }
    return best?.word
  }

  /// Damerau-Levenshtein (optimal string alignment): insertions, deletions, substitutions, swapped neighbours.
  public static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
        row.append(best)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}

package import PluginAPI

/// What every chunk's statement has, whoever writes it.
package enum ChunkText {
  /// Plans are made for the values at hand: a cursor's range is known.
  package static let settings = [Setting("plan_cache_mode", "force_custom_plan")]

  package static func locks(of text: String) -> [RelationLock] {
    ((try? SQLParser.parse(replaced(text, size: "NULL"))) ?? []).flatMap(\.locks)
  }

  /// For EXPLAIN: constants where the engine binds values.
  package static func explainable(_ text: String) -> String { replaced(text, size: "1") }

  /// An expression between parentheses, whatever comment it ends with.
  package static func embedded(_ text: String) -> String { text.contains("--") ? "(\(text)\n)" : "(\(text))" }

  private static func replaced(_ text: String, size: String) -> String {
    [("$cursor::", "NULL::"), ("$slice::", "NULL::"), ("$size::", "\(size)::")].reduce(text) { text, pair in
      text.split(separator: pair.0, omittingEmptySubsequences: false).joined(separator: pair.1)
    }
  }
}

/// The named statements of one direct connection, by SQL text.
///
/// A text is prepared when it comes a second time: work that runs once costs the server no memory.
struct PreparedStatements {
  private var names: [String: String] = [:]
  private var seen: Set<String> = []
  private var counter = 0
  private let limit = 256

  enum Use: Equatable {
    case unnamed
    case prepare(String)
    case execute(String)
  }

  /// How to send `text` now; the caller reports with `forget` when a preparation did not take place.
  mutating func use(_ text: String, always: Bool = false) -> Use {
    if let name = names[text] { return .execute(name) }
    guard names.count < limit else { return .unnamed }
    guard always || seen.contains(text) else {
      if seen.count >= 4 * limit { seen.removeAll() }
      seen.insert(text)
      return .unnamed
    }
    counter += 1
    let name = "caisson_\(counter)"
    names[text] = name
    return .prepare(name)
  }

  mutating func forget(_ text: String) { names[text] = nil }

  /// What an error says about the cache: 26000, the server lost its statements; 0A000, a plan no longer fits the tables.
  mutating func learn(from error: PostgresError, text: String) {
    if error.sqlState == "26000" { names.removeAll() }
    if error.sqlState == "0A000" { forget(text) }
  }
}

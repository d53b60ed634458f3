/// The named statements of one direct connection, by SQL text.
///
/// A text is prepared when it comes a second time: work that runs once costs the server no memory.
struct PreparedStatements {
  private struct Entry {
    let name: String
    /// The batch that prepares it; `nil` once the server has said that it did.
    var pendingIn: Int?
  }
  private var entries: [String: Entry] = [:]
  private var seen: Set<String> = []
  private var counter = 0
  private let limit = 256

  enum Use: Equatable {
    case unnamed
    case prepare(String)
    case execute(String)
  }

  /// How to send `text` now, in batch number `batch`; the caller then says `confirm` or `forget`. Another batch may not
  /// count on a preparation that may yet be skipped with its own.
  mutating func use(_ text: String, batch: Int = 0, always: Bool = false) -> Use {
    if let entry = entries[text] {
      return entry.pendingIn == nil || entry.pendingIn == batch ? .execute(entry.name) : .unnamed
    }
    guard entries.count < limit else { return .unnamed }
    guard always || seen.contains(text) else {
      if seen.count >= 4 * limit { seen.removeAll() }
      seen.insert(text)
      return .unnamed
    }
    counter += 1
    let name = "caisson_\(counter)"
    entries[text] = Entry(name: name, pendingIn: batch)
    return .prepare(name)
  }

  mutating func confirm(_ text: String) { entries[text]?.pendingIn = nil }
  mutating func forget(_ text: String) { entries[text] = nil }

  /// What an error says about the cache: 26000, the server lost its statements; 0A000, a plan no longer fits the tables.
  mutating func learn(from error: PostgresError, text: String) {
    if error.sqlState == "26000" { entries.removeAll() }
    if error.sqlState == "0A000" { forget(text) }
  }
}

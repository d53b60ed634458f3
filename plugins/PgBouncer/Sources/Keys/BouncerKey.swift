import PluginAPI

/// One setting of PgBouncer, as its documentation describes it.
struct BouncerKey: Sendable {
  enum Place: String, Sendable {
    /// The section `[pgbouncer]`.
    case ini
    /// A line of `[databases]`.
    case database
    /// A line of `[users]`.
    case user

    var section: String {
      switch self {
      case .ini: "[pgbouncer]"
      case .database: "[databases]"
      case .user: "[users]"
      }
    }
  }

  enum Kind: Sendable, Hashable {
    case text
    case integer
    /// 0 or 1.
    case boolean
    /// A number of seconds.
    case seconds
    case words([String])
  }

  let name: String
  let kind: Kind
  /// By version, the oldest first; `nil`: not set.
  let defaults: [(since: BouncerVersion, value: String?)]
  let since: BouncerVersion
  let place: Place
  /// RELOAD changes it; otherwise a restart does.
  let isReloaded: Bool
  /// Words of `kind` that came later.
  var laterWords: [String: BouncerVersion] = [:]
  /// What it is called since another version.
  var renamed: (to: String, since: BouncerVersion)?

  init(
    _ name: String, _ kind: Kind, _ fallback: String? = nil, since: Int = 18, restart: Bool = false,
    changed: [(since: Int, value: String?)] = [], place: Place = .ini
  ) {
    self.name = name
    self.kind = kind
    self.since = BouncerVersion(since)
    self.place = place
    isReloaded = !restart
    defaults = [(BouncerVersion(since), fallback)] + changed.map { (BouncerVersion($0.since), $0.value) }
  }

  /// What it is when nobody sets it.
  func fallback(in version: BouncerVersion) -> String? { defaults.last { $0.since <= version }?.value }

  /// The value as PgBouncer shows it, or what is expected instead.
  func normalized(_ text: String) -> Result<String, Misfit> {
    if text.contains(where: \.isNewline) { return .failure(Misfit(wanted: "one line")) }
    switch kind {
    case .text: return .success(text)
    case .integer:
      return Int(text).map { .success(String($0)) } ?? .failure(Misfit(wanted: "a whole number"))
    case .boolean:
      let known = ["0": "0", "1": "1", "false": "0", "true": "1"]
      return known[text].map { .success($0) } ?? .failure(Misfit(wanted: "true or false"))
    case .seconds:
      if let number = Double(text), number >= 0, number.isFinite { return .success(text) }
      guard let span = try? TimeSpan(parsing: text) else {
        return .failure(Misfit(wanted: "seconds, or a duration such as 30s or 5min"))
      }
      let (whole, rest) = span.milliseconds.quotientAndRemainder(dividingBy: 1000)
      return .success(rest == 0 ? String(whole) : String(Double(span.milliseconds) / 1000))
    case .words(let words):
      return words.contains(text) ? .success(text) : .failure(Misfit(wanted: words.joined(separator: ", "), words: words))
    }
  }

  struct Misfit: Error {
    var wanted: String
    var words: [String] = []
  }
}

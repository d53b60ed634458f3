import JSONText
import PluginAPI

/// Which keys a mapping may have.
protocol KeyPlace: Sendable {
  static var place: BouncerKey.Place { get }
  /// Of those, which.
  static func offers(_ key: BouncerKey) -> Bool
}

extension KeyPlace {
  static func offers(_ key: BouncerKey) -> Bool { true }
  static var keys: [BouncerKey] { KeyTable.keys(place).filter(offers) }
}

enum InSection: KeyPlace { static let place = BouncerKey.Place.ini }
enum OfDatabase: KeyPlace { static let place = BouncerKey.Place.database }
enum OfUser: KeyPlace { static let place = BouncerKey.Place.user }

/// The settings of `[pgbouncer]` that are times.
enum Timeouts: KeyPlace {
  static let place = BouncerKey.Place.ini
  static func offers(_ key: BouncerKey) -> Bool { key.kind == .seconds }
}

/// Settings as a plan writes them; a key that no version has is told at once, with what was probably meant.
struct KeySettings<Keys: KeyPlace>: ParameterValue {
  var entries: [Setting] = []

  struct Setting: Sendable {
    var key: BouncerKey
    /// As PgBouncer shows it.
    var value: String
    var range: SourceRange
  }

  subscript(name: String) -> String? { entries.first { $0.key.name == name }?.value }

  static var shape: Shape { .map(.oneOf([.string, .integer, .number, .boolean])) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> KeySettings? {
    report.mapping(node).flatMap { read($0, besides: [], &report) }
  }

  /// `besides`: keys that somebody else reads.
  static func read(_ pairs: [Node.Pair], besides others: [String], _ report: inout Diagnostics) -> KeySettings? {
    let keys = Keys.keys
    var settings = KeySettings()
    var isComplete = true
    for pair in pairs {
      guard let name = pair.key.text, !others.contains(name) else { continue }
      guard let key = keys.first(where: { $0.name == name }) else {
        report.unknownKey(name, at: pair.key.range, allowed: others + keys.map(\.name))
        isComplete = false
        continue
      }
      guard let value = value(pair.value, of: key, &report) else {
        isComplete = false
        continue
      }
      settings.entries.append(Setting(key: key, value: value, range: pair.key.range))
    }
    return isComplete ? settings : nil
  }

  private static func value(_ node: Node, of key: BouncerKey, _ report: inout Diagnostics) -> String? {
    guard let text = report.text(node, wanted: "a value of \(key.name)", booleans: true) else { return nil }
    switch key.normalized(text) {
    case .success(let value): return value
    case .failure(let misfit):
      report.error(
        "pgbouncer.value", "`\(text)` is no value of \(key.name): \(misfit.wanted) is expected", at: node.range,
        didYouMean: Spelling.nearest(to: text, in: misfit.words))
      return nil
    }
  }

  var json: JSON { .object(JSONObject(entries.map { ($0.key.name, $0.value.json) })) }
}

extension KeySettings {
  /// What this version does not know, with the version that does.
  func findings(for version: BouncerVersion) -> [Finding] {
    entries.flatMap { setting -> [Finding] in
      let key = setting.key
      if key.since > version {
        let old = Keys.keys.first { $0.renamed?.to == key.name }
        return [
          .refusal(
            "pgbouncer.later_key", "\(key.name) in \(key.place.section) is of PgBouncer \(key.since), and this is \(version)",
            choices: [old.map { "\($0.name), as it is called before" } ?? "leave it out", "install PgBouncer \(key.since) or newer"],
            at: setting.range)
        ]
      }
      if let word = key.laterWords[setting.value], word > version {
        return [
          .refusal(
            "pgbouncer.later_key", "\(key.name) = \(setting.value) is of PgBouncer \(word), and this is \(version)",
            choices: ["another value", "install PgBouncer \(word) or newer"], at: setting.range)
        ]
      }
      if let renamed = key.renamed, renamed.since <= version {
        return [
          .refusal(
            "pgbouncer.renamed_key", "\(key.name) in \(key.place.section) is called \(renamed.to) since PgBouncer \(renamed.since)",
            choices: ["write \(renamed.to)"], at: setting.range)
        ]
      }
      return []
    }
  }
}

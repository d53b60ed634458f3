/// A word that is recognised by its dashes.
package struct OptionSpec: Sendable, Equatable {
  /// Whether the option is followed by a value.
  package enum Value: Sendable, Equatable {
    case none
    case required(name: String, ValueKind)
    /// `--wait` and `--wait=2h` are both right; `--wait 2h` too where the next word can only be the value.
    case optional(name: String, ValueKind)
  }

  package var long: String
  package var short: Character?
  package var summary: String
  package var value: Value
  package var repeatable: Bool
  package var fallback: String?

  private init(
    _ long: String, _ short: Character?, _ summary: String, _ value: Value, repeatable: Bool, fallback: String?
  ) {
    self.long = long
    self.short = short
    self.summary = summary
    self.value = value
    self.repeatable = repeatable
    self.fallback = fallback
  }

  /// An option without a value.
  package static func flag(_ long: String, short: Character? = nil, _ summary: String) -> OptionSpec {
    OptionSpec(long, short, summary, .none, repeatable: false, fallback: nil)
  }

  /// An option with a value, as `--long value` or `--long=value`.
  package static func value(
    _ long: String, short: Character? = nil, _ name: String, _ kind: ValueKind, _ summary: String,
    repeatable: Bool = false, default fallback: String? = nil
  ) -> OptionSpec {
    OptionSpec(long, short, summary, .required(name: name, kind), repeatable: repeatable, fallback: fallback)
  }

  /// An option whose value may be left out.
  package static func optionalValue(
    _ long: String, short: Character? = nil, _ name: String, _ kind: ValueKind, _ summary: String
  ) -> OptionSpec {
    OptionSpec(long, short, summary, .optional(name: name, kind), repeatable: false, fallback: nil)
  }

  /// The kind of value, nil for a flag.
  package var kind: ValueKind? {
    switch value {
    case .none: nil
    case .required(_, let kind), .optional(_, let kind): kind
    }
  }

  /// The option with its value, as help shows it: `--output text|json`, `--wait[=DURATION]`.
  package var usage: String {
    switch value {
    case .none: "--\(long)"
    case .required(let name, let kind): "--\(long) \(kind.placeholder(name))"
    case .optional(let name, let kind): "--\(long)[=\(kind.placeholder(name))]"
    }
  }
}

/// What a value must look like; checked by the parser, offered by completion.
package enum ValueKind: Sendable, Equatable {
  case text
  case file
  case folder
  /// As PostgreSQL users write it: `500ms`, `10min`, `2h`; only the look is checked here.
  case duration
  /// `NAME=VALUE`.
  case assignment
  case integer(ClosedRange<Int>)
  case choice([String])

  func placeholder(_ name: String) -> String {
    if case .choice(let choices) = self { choices.joined(separator: "|") } else { name }
  }

  /// What is wrong with `text`, nil when nothing is.
  func objection(to text: String) -> Objection? {
    switch self {
    case .text, .file, .folder:
      text.isEmpty ? Objection("must not be empty") : nil
    case .duration:
      Self.looksLikeDuration(text) ? nil : Objection("must be a duration such as 500ms, 30s, 10min or 2h")
    case .assignment:
      (text.firstIndex(of: "=").map { $0 > text.startIndex } ?? false) ? nil : Objection("must be NAME=VALUE")
    case .integer(let range):
      Int(text).map(range.contains) == true ? nil : Objection(Self.wanted(range))
    case .choice(let choices):
      choices.contains(text)
        ? nil
        : Objection(
          "must be one of \(choices.joined(separator: ", "))", Spelling.closest(to: text, among: choices))
    }
  }

  private static func wanted(_ range: ClosedRange<Int>) -> String {
    range.upperBound == .max
      ? "must be a whole number from \(range.lowerBound) up"
      : "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
  }

  private static func looksLikeDuration(_ text: String) -> Bool {
    let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    let unit = text.dropFirst(digits.count)
    return Double(digits) != nil && ["us", "ms", "s", "min", "m", "h", "d"].contains(String(unit))
  }

  /// Why a value is not accepted, and the accepted one it resembles.
  struct Objection: Equatable {
    var reason: String
    var suggestion: String?

    init(_ reason: String, _ suggestion: String? = nil) {
      self.reason = reason
      self.suggestion = suggestion
    }
  }
}

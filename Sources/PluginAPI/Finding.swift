public import YAMLTree

/// Something a person should know before a program runs.
public struct Finding: Sendable, Hashable {
  public enum Severity: String, Sendable, Hashable, Codable, Comparable {
    case note, warning, refusal

    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    private var rank: Int { self == .note ? 0 : self == .warning ? 1 : 2 }
  }

  public var severity: Severity
  /// Dotted, stable: `index.redundant`.
  public var code: String
  /// Object and consequence, in one or two sentences.
  public var message: String
  /// What the user can do about it, each ready to be followed.
  public var choices: [String]
  /// Where in the plan it points.
  public var range: SourceRange?

  public init(
    _ severity: Severity, _ code: String, _ message: String, choices: [String] = [], at range: SourceRange? = nil
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.choices = choices
    self.range = range
  }

  public static func note(_ code: String, _ message: String, at range: SourceRange? = nil) -> Finding {
    Finding(.note, code, message, at: range)
  }
  public static func warning(
    _ code: String, _ message: String, choices: [String] = [], at range: SourceRange? = nil
  ) -> Finding {
    Finding(.warning, code, message, choices: choices, at: range)
  }
  /// A program that carries one never runs.
  public static func refusal(
    _ code: String, _ message: String, choices: [String], at range: SourceRange? = nil
  ) -> Finding {
    Finding(.refusal, code, message, choices: choices, at: range)
  }
}

public import JSONText
public import YAMLTree

/// One thing to tell the author, at the place it is about.
public struct Diagnostic: Sendable, Hashable {
  public enum Severity: String, Sendable, Hashable {
    case error, warning, note
  }

  public var severity: Severity
  /// Stable: tests and machines match on it, never on the message.
  public var code: String
  public var message: String
  public var range: SourceRange
  /// What to write or do instead.
  public var hint: String?
  /// The known name the author most likely meant.
  public var didYouMean: String?
  /// Another place involved, with what it is.
  public var related: Related?

  public struct Related: Sendable, Hashable {
    public var message: String
    public var range: SourceRange

    public init(_ message: String, at range: SourceRange) {
      self.message = message
      self.range = range
    }
  }

  public init(
    _ severity: Severity, _ code: String, _ message: String, at range: SourceRange, hint: String? = nil,
    didYouMean: String? = nil, related: Related? = nil
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.range = range
    self.hint = hint
    self.didYouMean = didYouMean
    self.related = related
  }
}

extension Diagnostic {
  public init(_ problem: YAMLProblem) {
    self.init(
      .error, problem.code, problem.message, at: problem.range, hint: problem.hint,
      related: problem.related.map { Related("the other place", at: $0) })
  }

  /// `file:line:column: error: message`, the line with carets, hints.
  public func render(source: String?) -> String {
    var lines: [String] = []
    let place = range.description
    lines.append((place.isEmpty ? "" : place + ": ") + "\(severity.rawValue): \(message) [\(code)]")
    if let snippet = source.map(range.snippet), !snippet.isEmpty { lines.append(snippet) }
    if let related { lines.append("  \(related.range): \(related.message)") }
    if let didYouMean { lines.append("  did you mean `\(didYouMean)`?") }
    if let hint { lines.append("  hint: \(hint)") }
    return lines.joined(separator: "\n")
  }

  public var json: JSON {
    var object = JSONObject([
      ("severity", .string(severity.rawValue)), ("code", .string(code)), ("message", .string(message)),
    ])
    if !range.isNowhere {
      object["file"] = .string(range.file)
      object["line"] = .int(Int64(range.start.line))
      object["column"] = .int(Int64(range.start.column))
      object["end_line"] = .int(Int64(range.end.line))
      object["end_column"] = .int(Int64(range.end.column))
    }
    object["hint"] = hint.map(JSON.string)
    object["did_you_mean"] = didYouMean.map(JSON.string)
    return .object(object)
  }
}

/// Something wrong with a text as YAML, at the place it is wrong.
public struct YAMLProblem: Error, Sendable, Hashable, CustomStringConvertible {
  /// Stable, for tests and machines: `yaml.syntax`, `yaml.duplicate_key`, …
  public let code: String
  public let message: String
  public let range: SourceRange
  /// What to write instead.
  public let hint: String?
  /// The other place involved: the first of two equal keys.
  public let related: SourceRange?

  public init(
    _ code: String, _ message: String, at range: SourceRange, hint: String? = nil, related: SourceRange? = nil
  ) {
    self.code = code
    self.message = message
    self.range = range
    self.hint = hint
    self.related = related
  }

  public var description: String { "\(range): \(message)" }
}

/// How much a document may ask for. An author never meets them; a bomb does.
public struct YAMLLimits: Sendable {
  public var bytes = 4 << 20
  public var depth = 64
  /// Nodes, those repeated by aliases included.
  public var nodes = 100_000
  /// Bytes of text repeated by aliases.
  public var aliasedText = 4 << 20
  /// Reading stops after this many problems.
  public var problems = 100

  public init() {}
}

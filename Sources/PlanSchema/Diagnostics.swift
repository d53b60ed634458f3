public import YAMLTree

/// Everything found in one pass. Readers add to it and go on; nobody stops at the first error.
public struct Diagnostics: Sendable {
  public private(set) var items: [Diagnostic] = []
  /// Texts by file name, for snippets.
  public var sources: [String: String] = [:]
  /// Files and secrets the values read so far refer to.
  public internal(set) var mentions: [Mention] = []
  /// Findings beyond the limit, counted only.
  public private(set) var dropped = 0

  /// Something outside the plan's text that a value needs.
  public struct Mention: Sendable, Hashable {
    public enum Subject: Sendable, Hashable {
      case environmentVariable(String)
      case secretFile(String)
      case privateVariable(PrivateReference)
      case planFile(String)
    }
    public var subject: Subject
    public var range: SourceRange
  }

  private static let limit = 500
  private var hasDroppedError = false

  public init() {}

  public var hasErrors: Bool { hasDroppedError || items.contains { $0.severity == .error } }
  public var errors: [Diagnostic] { items.filter { $0.severity == .error } }

  public mutating func add(_ diagnostic: Diagnostic) {
    guard items.count < Diagnostics.limit else {
      dropped += 1
      if diagnostic.severity == .error { hasDroppedError = true }
      return
    }
    if !items.contains(diagnostic) { items.append(diagnostic) }
  }

  public mutating func add(contentsOf others: some Sequence<Diagnostic>) {
    for other in others { add(other) }
  }

  public mutating func error(
    _ code: String, _ message: String, at range: SourceRange, hint: String? = nil, didYouMean: String? = nil,
    related: Diagnostic.Related? = nil
  ) {
    add(Diagnostic(.error, code, message, at: range, hint: hint, didYouMean: didYouMean, related: related))
  }

  public mutating func warning(
    _ code: String, _ message: String, at range: SourceRange, hint: String? = nil, didYouMean: String? = nil
  ) {
    add(Diagnostic(.warning, code, message, at: range, hint: hint, didYouMean: didYouMean))
  }

  public mutating func note(_ code: String, _ message: String, at range: SourceRange, hint: String? = nil) {
    add(Diagnostic(.note, code, message, at: range, hint: hint))
  }

  /// Remembers that a value needs something outside the text.
  public mutating func mention(_ subject: Mention.Subject, at range: SourceRange) {
    mentions.append(Mention(subject: subject, range: range))
  }

  /// The known word that was probably meant; nothing once there are more findings than anybody reads.
  public func nearest(to word: String, in known: some Sequence<String>) -> String? {
    items.count < 100 ? Spelling.nearest(to: word, in: known) : nil
  }

  /// By file, then place; findings of one place stay in the order they were made.
  public var sorted: [Diagnostic] {
    items.enumerated().sorted { a, b in
      let (x, y) = (a.element.range, b.element.range)
      if x.file != y.file { return x.file < y.file }
      return x.start == y.start ? a.offset < b.offset : x.start < y.start
    }.map(\.element)
  }

  /// All findings for a person, with snippets.
  public func render() -> String {
    var parts = sorted.map { $0.render(source: sources[$0.range.file]) }
    if dropped > 0 { parts.append("… and \(dropped) more") }
    return parts.joined(separator: "\n")
  }
}

/// An input was refused; the diagnostics say where and why.
public struct InvalidInput: Error, Sendable, CustomStringConvertible {
  public let diagnostics: Diagnostics

  public init(_ diagnostics: Diagnostics) { self.diagnostics = diagnostics }

  public var description: String { diagnostics.render() }
}

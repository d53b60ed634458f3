public import YAMLTree

/// What every reader asks of a node; each says what is wrong before it answers no.
extension Diagnostics {
  /// Reports a value of the wrong kind.
  public mutating func unexpected(_ node: Node, wanted: String, hint: String? = nil) {
    guard !node.isErroneous else { return }
    if node.isNull {
      error("value.missing", "a value is missing: \(wanted) is expected", at: node.range, hint: hint)
    } else {
      error("value.type", "\(wanted) is expected, not \(node.kindName)", at: node.range, hint: hint)
    }
  }

  /// Reports a required key that is not there, at the mapping that lacks it.
  public mutating func missing(_ key: String, in map: Node) {
    error("key.missing", "the key `\(key)` is required", at: map.range.firstCharacter)
  }

  /// Whether the node is a mapping; keys other than `allowed` are reported with what was probably meant.
  public mutating func isMapping(_ node: Node, allowing allowed: [String]) -> Bool {
    guard let pairs = mapping(node) else { return false }
    for pair in pairs {
      guard let key = pair.key.text, !allowed.contains(key) else { continue }
      unknownKey(key, at: pair.key.range, allowed: allowed)
    }
    return true
  }

  /// Reports a key nobody reads.
  public mutating func unknownKey(_ key: String, at range: SourceRange, allowed: [String]) {
    let suggestion = nearest(to: key, in: allowed)
    let hint = suggestion != nil || allowed.count > 12 || allowed.isEmpty
      ? nil : "known keys: " + allowed.joined(separator: ", ")
    error("key.unknown", "unknown key `\(key)`", at: range, hint: hint, didYouMean: suggestion)
  }

  /// The pairs of a mapping, or a report.
  public mutating func mapping(_ node: Node) -> [Node.Pair]? {
    if let pairs = node.pairs { return pairs }
    unexpected(node, wanted: "a mapping")
    return nil
  }

  /// The items of a list, or a report.
  public mutating func sequence(_ node: Node) -> [Node]? {
    if let items = node.items { return items }
    unexpected(node, wanted: "a list")
    return nil
  }

  /// The text of a scalar as the author wrote it, with `$${` unescaped, or a report. Numbers count as the text they
  /// are written as; booleans and nothing do not. References to secrets are refused: only `Secret` reads them.
  public mutating func text(_ node: Node, wanted: String = "text", booleans: Bool = false) -> String? {
    guard !node.isErroneous else { return nil }
    switch node.resolved {
    case .text, .integer, .float: break
    case .boolean where booleans: break
    case .boolean:
      unexpected(node, wanted: wanted, hint: "put it in quotes if the text is meant")
      return nil
    default:
      unexpected(node, wanted: wanted)
      return nil
    }
    if node.looksLikeOldBoolean {
      warning(
        "value.old_boolean", "a bare `\(node.text ?? "")` is text here", at: node.range,
        hint: "write true or false for a boolean, quotes for text")
    }
    return unescaped(node)
  }

  private mutating func unescaped(_ node: Node) -> String? {
    guard let segments = references(in: node) else { return nil }
    var text = ""
    for segment in segments {
      switch segment {
      case .text(let part): text += part
      case .variable(let name):
        error("reference.unresolved", "`${\(name)}` has no value here", at: node.range)
        return nil
      case .privateVariable(let reference):
        error(
          "private.not_allowed",
          "the private variable `\(reference.name)` cannot stand here: it would reach the journal and the logs",
          at: node.range, hint: "private variables are allowed in parameters of type secret")
        return nil
      case .environment, .file:
        error(
          "secret.not_allowed", "a secret cannot stand here: it would reach the journal and the logs",
          at: node.range,
          hint: "`${env:…}` and `${file:…}` are allowed in targets and in parameters of type secret")
        return nil
      }
    }
    return text
  }

  /// The parts of a scalar's text, or a report of a malformed reference.
  public mutating func references(in node: Node) -> [ReferenceText.Segment]? {
    guard let text = node.text, !node.isErroneous else { return nil }
    do {
      return try ReferenceText(parsing: text).segments
    } catch {
      self.error("reference.syntax", error.message, at: node.range, hint: error.hint)
      return nil
    }
  }
}

extension SourceRange {
  /// For findings about a whole mapping: a caret at its start rather than under all of it.
  public var firstCharacter: SourceRange {
    guard !isNowhere else { return self }
    return SourceRange(
      file: file, start: start, end: Mark(line: start.line, column: start.column + 1, offset: start.offset + 1))
  }
}

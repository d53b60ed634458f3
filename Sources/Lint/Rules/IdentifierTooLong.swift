import SQLText

enum IdentifierTooLong: Rule {
  static let code = "lint.identifier_too_long"
  static let summary = "PostgreSQL cuts identifiers to 63 bytes without an error; two long names may become one."
  static let advice = "a name of at most 63 bytes"
  static let nodes: [String] = []

  static func check(_ subject: Subject, _ around: Surroundings, _ context: LintContext) -> [LintFinding] {
    guard subject.statement.text.utf8.count > Quoting.longestIdentifier, hasLongRun(subject.statement.text) else {
      return []
    }
    var seen: Set<String> = []
    return subject.statement.longIdentifiers.filter { seen.insert($0).inserted }.map {
      finding(subject, "\($0) has \($0.utf8.count) bytes and is cut to 63")
    }
  }

  /// Cheap first look: so many bytes without a blank, or a quoted name.
  private static func hasLongRun(_ text: String) -> Bool {
    var run = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { return true }
      run = byte <= 0x20 ? 0 : run + 1
      if run > Quoting.longestIdentifier { return true }
    }
    return false
  }
}

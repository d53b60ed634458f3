package import SQLText

/// A hazard in one statement: what happens, whom it blocks and how long, and what to write instead.
package struct LintFinding: Sendable, Hashable {
  package enum Severity: String, Sendable, Hashable, Comparable {
    case note
    case warning
    /// PostgreSQL will answer with an error, or the result is surely wrong.
    case refusal

    package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    private var rank: Int { self == .note ? 0 : self == .warning ? 1 : 2 }
  }

  package var severity: Severity
  /// `lint.` and the rule's name, stable.
  package var code: String
  /// Object and consequence.
  package var what: String
  /// Whom it blocks and for how long; empty where nobody waits.
  package var blocks: String
  /// The safe way.
  package var rewrite: String
  /// In the text that was linted.
  package var position: SourcePosition

  package init(
    severity: Severity, code: String, what: String, blocks: String = "", rewrite: String, position: SourcePosition
  ) {
    self.severity = severity
    self.code = code
    self.what = what
    self.blocks = blocks
    self.rewrite = rewrite
    self.position = position
  }

  package var line: Int { position.line }
  /// What happens and whom it blocks, as sentences.
  package var message: String { blocks.isEmpty ? what : "\(what); \(blocks)" }
}

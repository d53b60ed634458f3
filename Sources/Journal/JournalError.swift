/// Why a journal cannot be used, and what to do.
package struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Problem: String, Sendable, Hashable {
    /// No schema `caisson` in this database.
    case missing
    /// A schema `caisson` that is not ours.
    case foreign
    /// Written by a newer engine.
    case newer
    /// Older than this engine; `journal upgrade` brings it up.
    case older
    /// This server, role or database does not allow an installation.
    case notAllowed
    /// Another cluster, database, target name or timeline than the journal was installed for.
    case elsewhere
    /// Rows that are not what this engine writes.
    case unreadable
  }

  package let problem: Problem
  package let message: String
  package let hint: String
  /// The command that helps, and its options; the environment goes between them.
  package let command: [String]

  package init(_ problem: Problem, _ message: String, hint: String, command: [String] = []) {
    self.problem = problem
    self.message = message
    self.hint = hint
    self.command = command
  }

  package var description: String { "\(message); \(hint)" }
}

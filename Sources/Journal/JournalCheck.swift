package import PostgresClient
package import RunModel
import SQLText

/// What `caisson journal check` finds: rows that contradict an invariant of the journal.
package struct JournalCheck: Sendable, Hashable {
  package struct Problem: Sendable, Hashable, CustomStringConvertible {
    /// Dotted, stable: `lease.missing`.
    package let code: String
    /// What should hold instead; `nil`: a newer journal's.
    package var invariant: Invariant? { Invariant(rawValue: code) }
    package let run: String?
    package let step: String?
    package let detail: String

    package var description: String {
      [code, run.map { "run \($0)" }, step.map { "step \($0)" }, detail].compactMap { $0 }.joined(separator: ": ")
    }
  }

  /// None: sound. One statement, so one snapshot: it may run while others work.
  package static func run(on connection: Connection) async throws -> [Problem] {
    try await connection.query("SELECT code, run_id, step, detail FROM caisson.check_journal()").rows.map {
      Problem(code: try $0.string("code"), run: $0["run_id"], step: $0["step"], detail: try $0.string("detail"))
    }
  }
}

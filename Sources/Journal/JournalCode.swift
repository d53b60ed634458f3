/// SQLSTATEs the journal's own functions raise.
package enum JournalCode {
  /// A ride may not run now: paused, needs missing, done already, not yet.
  package static let mayNotRun = "CA001"
  /// The event log is append-only.
  package static let appendOnly = "CA002"
  /// A task is unfinished or in doubt where none may be.
  package static let unfinishedTask = "CA003"
}

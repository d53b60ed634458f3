/// How the time of an operation grows with the relations of its step.
package enum Pace: String, Sendable, Hashable, CaseIterable {
  /// It does not: the catalog, files, programs, consoles.
  case fixed
  /// Nor does a wait for somebody else, which says nothing of elsewhere either.
  case wait
  /// It looks at a sample, whose size has a limit.
  case sample
  /// It reads or writes all of it once.
  case scan
  /// It sorts it.
  case sort
}

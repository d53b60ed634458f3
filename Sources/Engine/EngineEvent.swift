import PluginAPI

/// What the engine tells whoever shows a run; values only, no row contents.
package enum EngineEvent: Sendable {
  case runStarted(run: String, plan: String, environment: String, steps: [StepSummary], resumed: Bool)
  case stepState(step: String, state: String, note: String?)
  case operationStarted(step: String, title: String)
  case operationSkipped(step: String, title: String)
  case operationDone(step: String, title: String, milliseconds: Int)
  case progress(step: String, done: Double, total: Double?, unit: String, note: String?)
  case blocked(step: String, by: [Blocker], milliseconds: Int)
  case retrying(step: String, attempt: Int, of: Int, afterMilliseconds: Int, reason: String)
  case notice(step: String, text: String)
  case heldByAnother(step: String, runner: String, untilSeconds: Int)
  case runFinished(run: String, state: String)

  package struct StepSummary: Sendable {
    package var id: String
    package var kind: String
    package var state: String
  }
}

/// A backend that keeps ours waiting.
package struct Blocker: Sendable, Hashable, CustomStringConvertible {
  package var pid: Int
  package var user: String
  package var application: String
  package var state: String
  /// Age of its transaction in seconds.
  package var seconds: Int

  package var description: String {
    "pid \(pid) (\(user)\(application.isEmpty ? "" : ", \(application)"), \(state), transaction open for \(seconds) s)"
  }
}

/// Receives events as they happen; must not block.
package typealias Reporter = @Sendable (EngineEvent) -> Void

public import PlanSchema

/// A state of the outside world that must not outlive the work: `close` runs on every way out of `body`.
///
/// Success, failure, a stop, a retry and the deadline are seen by the engine; the death of its process and of its
/// machine's patience by a guardian process. Both may close, so closing twice has to be harmless, and so has closing
/// what was opened in part. After an interruption `open` and `close` run again, `body` goes on at its checkpoint.
public struct BracketWork: Sendable, Hashable, Codable {
  /// Kinds that can be carried out without a journal: `transaction`, `autocommit`, `process`, `admin`.
  public var open: [Operation]
  /// Operations of any kind but `bracket`.
  public var body: [Operation]
  /// Of the same kinds as `open`.
  public var close: [Operation]
  /// From the beginning of `open`; then `body` is cancelled at its last checkpoint.
  public var deadline: TimeSpan

  public init(open: [Operation], body: [Operation], close: [Operation], deadline: TimeSpan) {
    self.open = open
    self.body = body
    self.close = close
    self.deadline = deadline
  }
}

extension Operation {
  /// Runs without a task of its own, as the edges of a bracket do.
  public var canBeEdge: Bool {
    switch work {
    case .transaction, .autocommit, .process, .admin: true
    case .chunked, .observe, .file, .parallel, .export, .bracket: false
    }
  }
}

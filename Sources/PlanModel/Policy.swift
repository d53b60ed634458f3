package import JSONText
package import PlanSchema
package import YAMLTree

/// How the engine treats a step, whatever kind it is.
package struct Policy: Sendable, Hashable {
  /// The longest anyone else may wait for us: wait plus hold.
  package var maxStall: TimeSpan
  package var retry: Retry
  /// For the whole step; `nil`: none.
  package var timeout: TimeSpan?
  /// `nil`: as fits the operation (15s for catalog changes, none for builds and copies).
  package var statementTimeout: TimeLimit?
  package var onFailure: FailureAction
  package var throttle: Throttle
  /// When the step may begin, beside the environment's windows; none: always.
  package var windows: [TimeWindow] = []

  package struct Retry: Sendable, Hashable {
    package var attempts: Int
    package var backoff: BackoffRange
  }

  /// Work pauses while one of these is exceeded; `nil`: not looked at.
  package struct Throttle: Sendable, Hashable {
    package var replicaLag: TimeSpan?
    package var activeSessions: Int?
    /// Bytes of WAL per second.
    package var walRate: ByteSize?
    /// A query with one boolean: true lets work go on.
    package var query: SQLExpression?
    /// Rest after work, as many times as long as it took.
    package var niceRatio: Int?

    /// The plan wants the application's share of the machine kept free; how far replicas are behind says nothing of it.
    package var sparesTheServer: Bool { activeSessions != nil || walRate != nil || query != nil || niceRatio != nil }
  }

  /// What holds when nothing is written.
  package static let standard = Policy(
    maxStall: .milliseconds(500),
    retry: Retry(attempts: 30, backoff: BackoffRange.standard),
    timeout: nil, statementTimeout: nil, onFailure: .stop,
    throttle: Throttle(replicaLag: .seconds(10), activeSessions: nil, walRate: nil, query: nil, niceRatio: nil))
}

/// What happens to the run when a step fails for good.
package enum FailureAction: String, CaseIterable, Sendable, ParameterValue {
  case stop, rollback
}

/// A duration, or `none`.
package enum TimeLimit: ParameterValue, Hashable {
  case none
  case after(TimeSpan)

  package var span: TimeSpan? { if case .after(let span) = self { span } else { nil } }

  package static var shape: Shape { .oneOf([.enumeration(["none"]), TimeSpan.shape]) }
  package static func read(_ node: Node, _ report: inout Diagnostics) -> TimeLimit? {
    if node.text == "none" { return TimeLimit.none }
    guard let span = TimeSpan.read(node, &report) else { return nil }
    if span > .zero { return .after(span) }
    report.error("value.range", "a limit of 0 would never pass", at: node.range, hint: "write none for no limit")
    return nil
  }
  package var json: JSON { span?.json ?? "none" }
}

/// The policy keys as a plan writes them; what is not written comes from `defaults`, then from `Policy.standard`.
struct PolicyKeys: ParameterSet {
  @Parameter("The longest anyone else may wait for this step: its wait for a lock plus its hold [500ms].")
  var maxStall: TimeSpan?
  @Parameter("How often and how patiently a step that was refused a lock tries again.")
  var retry: RetryKeys?
  @Parameter("Limit for the whole step [none].") var timeout: TimeLimit?
  @Parameter("Limit for each statement [15s for catalog changes, none for builds, validation and copies].")
  var statementTimeout: TimeLimit?
  @Parameter("What happens when the step fails for good [stop].") var onFailure: FailureAction?
  @Parameter("Work pauses while one of these is exceeded.") var throttle: ThrottleKeys?
  @Parameter("When the step may begin: Sat 22:00-04:00 Europe/Paris, or a list [always].") var window: TimeWindows?

  struct RetryKeys: ParameterSet {
    @Parameter("Attempts in all [30].") var attempts: Int?
    @Parameter("Shortest and longest pause between attempts [200ms..30s].") var backoff: BackoffRange?

    func check(_ report: inout Diagnostics) {
      if let attempts, attempts < 1 {
        report.error("value.range", "at least 1 attempt is needed", at: $attempts)
      }
    }
  }

  struct ThrottleKeys: ParameterSet {
    @Parameter("How far replicas may be behind [10s].") var replicaLag: TimeLimit?
    @Parameter("How many sessions may be active.") var activeSessions: Int?
    @Parameter("How much WAL may be written per second.") var walRate: ByteSize?
    @Parameter("A query with one boolean; true lets work go on.") var query: SQLExpression?
    @Parameter("How many times as long as it took each chunk, and each partition's share of a build, is rested from.")
    var niceRatio: Int?

    func check(_ report: inout Diagnostics) {
      if let activeSessions, activeSessions < 1 {
        report.error("value.range", "at least 1 session is needed", at: $activeSessions)
      }
      if let niceRatio, !(1...1000).contains(niceRatio) {
        report.error("value.range", "between 1 and 1000", at: $niceRatio)
      }
    }
  }

  func check(_ report: inout Diagnostics) {
    if let maxStall, maxStall <= .zero {
      report.error("value.range", "a stall of 0 never gets a lock", at: $maxStall)
    }
  }

  /// These keys over `base`.
  func applied(to base: Policy) -> Policy {
    var policy = base
    if let maxStall { policy.maxStall = maxStall }
    if let attempts = retry?.attempts { policy.retry.attempts = attempts }
    if let backoff = retry?.backoff { policy.retry.backoff = backoff }
    if let timeout { policy.timeout = timeout.span }
    if let statementTimeout { policy.statementTimeout = statementTimeout }
    if let onFailure { policy.onFailure = onFailure }
    if let limit = throttle?.replicaLag { policy.throttle.replicaLag = limit.span }
    if let count = throttle?.activeSessions { policy.throttle.activeSessions = count }
    if let rate = throttle?.walRate { policy.throttle.walRate = rate }
    if let window { policy.windows = window.all }
    if let query = throttle?.query { policy.throttle.query = query }
    if let ratio = throttle?.niceRatio { policy.throttle.niceRatio = ratio }
    return policy
  }
}

extension Policy {
  /// As a plan would write it, everything spelled out.
  package var json: JSON {
    var throttling = JSONObject([("replica_lag", throttle.replicaLag?.json ?? "none")])
    throttling["active_sessions"] = throttle.activeSessions?.json
    throttling["wal_rate"] = throttle.walRate?.json
    throttling["query"] = throttle.query?.json
    throttling["nice_ratio"] = throttle.niceRatio?.json
    var object = JSONObject([
      ("max_stall", maxStall.json),
      ("retry", ["attempts": retry.attempts.json, "backoff": retry.backoff.json]),
      ("timeout", timeout?.json ?? "none"),
      ("on_failure", onFailure.json),
      ("throttle", .object(throttling)),
    ])
    object["statement_timeout"] = statementTimeout?.json
    if !windows.isEmpty { object["window"] = windows.json }
    return .object(object)
  }

  /// Reads what `json` wrote.
  package init(json: JSON) throws(InvalidInput) {
    self = try PolicyKeys.read(json: json).applied(to: .standard)
  }
}

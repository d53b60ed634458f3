import JSONText
import PluginAPI

enum Method: String, CaseIterable, Sendable, Codable, ParameterValue { case range, list, hash }
enum Strategy: String, CaseIterable, Sendable, ParameterValue { case auto, copy, attach }
enum DefaultPartition: String, CaseIterable, Sendable, ParameterValue { case none, create }
enum PrimaryKeyChoice: String, CaseIterable, Sendable, ParameterValue { case append }
enum VerifyMethod: String, CaseIterable, Sendable, ParameterValue { case hash, count, none }
enum Maintainer: String, CaseIterable, Sendable, ParameterValue { case worker, cron, external, none }

/// A unique key on a partitioned table contains the partition key (PostgreSQL documentation, "Partitioning").
enum UniqueChoice: String, CaseIterable, Sendable, Codable, ParameterValue {
  /// Unique together with the key column only.
  case append
  /// A table of its own keeps the values unique over all partitions.
  case `guard`
  case drop
}

enum IncomingChoice: String, CaseIterable, Sendable, Codable, ParameterValue {
  /// The referring table gets the key column too.
  case composite
  case drop
}

enum ExclusionChoice: String, CaseIterable, Sendable, Codable, ParameterValue {
  case perPartition = "per_partition"
  case `guard`
}

enum PublicationChoice: String, CaseIterable, Sendable, ParameterValue { case refuse, transfer, remove }

/// Rows whose partition key is NULL.
enum NullKeys: ParameterValue, Hashable {
  case refuse
  /// Into the default partition: refused, since the primary key has the key column in it by then.
  case `default`
  /// An expression over the row.
  case fill(SQLExpression)

  struct Filling: ParameterSet {
    @Parameter("What a row without a key gets.") var fill: SQLExpression
  }

  static var shape: Shape { .oneOf([.enumeration(["refuse", "default"]), Filling.shape]) }
  static func read(_ node: Node, _ report: inout Diagnostics) -> NullKeys? {
    switch node.text {
    case "refuse": .refuse
    case "default": .default
    default: Filling.read(node, &report).map { .fill($0.fill) }
    }
  }
  var json: JSON {
    switch self {
    case .refuse: "refuse"
    case .default: "default"
    case .fill(let expression): ["fill": expression.json]
    }
  }
}

/// A value of the partition key as the plan writes it; the server reads it as the column's type.
struct KeyText: ParameterValue, Hashable {
  var text: String
  static var shape: Shape { .string }
  static func read(_ node: Node, _ report: inout Diagnostics) -> KeyText? {
    guard let text = node.text, !text.isEmpty else {
      report.unexpected(node, wanted: "a value")
      return nil
    }
    return KeyText(text: text)
  }
  var json: JSON { .string(text) }
}

/// When and how names change hands.
struct CutoverKeys: ParameterSet {
  @Parameter("`ready`: when the copy is complete and compared; `manual`: when another role has approved it as well.")
  var when = CutoverTime.ready
  @Parameter("Days, hours and zone in which names may change hands: Sun 02:00-05:00 Europe/Paris; one, or a list [any].")
  var window: TimeWindows?
  @Parameter("How many changes may be left for the last replay, under the lock.", tuning: true) var backlog = 1_000
  @Parameter("Transactions that would not see the copied rows: `wait` for them, `accept` or `abort`.")
  var oldSnapshots = OldSnapshotChoice.wait
  @Parameter("How long to wait for them.", tuning: true) var deadline = TimeSpan.hours(1)
  @Parameter("Admin consoles of PgBouncers whose pools of this database are paused while names change hands.", tuning: true)
  var pause: [Secret] = []
  @Parameter("How long they may be paused at most: then they are resumed, whatever happens.", tuning: true)
  var pauseDeadline = TimeSpan.seconds(15)

  func check(_ report: inout Diagnostics) {
    if !(TimeSpan.seconds(1)...TimeSpan.minutes(10)).contains(pauseDeadline) {
      report.error("swap.pause_deadline", "between 1s and 10min", at: $pauseDeadline)
    }
    if let window, window.all.isEmpty { report.error("value.missing", "a window is expected", at: $window) }
    if !(0...100_000).contains(backlog) { report.error("swap.backlog", "between 0 and 100000", at: $backlog) }
  }
}

enum CutoverTime: String, CaseIterable, Sendable, Codable, ParameterValue { case ready, manual }

enum OldSnapshotChoice: String, CaseIterable, Sendable, Codable, ParameterValue { case wait, accept, abort }

/// How long there is a way back.
struct KeepOldKeys: ParameterSet {
  @Parameter("Until then rollback loses nothing; then the old table is dropped.") var `for` = TimeSpan.days(7)
  @Parameter("Who carries changes over to the old table: a `worker`, all the time, or nobody before the rollback.")
  var drain = Drain.worker
  @Parameter("How often a worker does.", tuning: true) var every = TimeSpan.minutes(1)
  @Parameter("How large the log of changes may get.", tuning: true) var maxLog = ByteSize(bytes: 10 << 30)
  @Parameter("What happens then: `alarm`, workers and `status` tell; nothing is lost, and nothing stops.")
  var atLimit = LimitAction.alarm

  func check(_ report: inout Diagnostics) {
    if !(TimeSpan.seconds(1)...TimeSpan.days(1)).contains(every) {
      report.error("swap.drain", "between 1s and 1 day", at: $every)
    }
    if maxLog.bytes < 1 << 16 { report.error("swap.max_log", "at least 64kB", at: $maxLog) }
  }
}

enum LimitAction: String, CaseIterable, Sendable, Codable, ParameterValue { case alarm }

enum Drain: String, CaseIterable, Sendable, Codable, ParameterValue {
  case worker
  case onRollback = "on_rollback"
}

public import PlanSchema
public import SQLText

/// A session setting made for one operation: `SET LOCAL` in a transaction, reset afterwards elsewhere.
public struct Setting: Sendable, Hashable, Codable {
  public var name: String
  public var value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

public enum Expectation: Sendable, Hashable, Codable {
  case any
  /// So many rows returned or affected.
  case rows(Int)
  /// One row whose first column is true.
  case isTrue
}

public enum MismatchPolicy: String, Sendable, Hashable, Codable {
  case fail
  /// Roll back and run the phase again under the retry policy: the cutover loop.
  case retryPhase = "retry_phase"
}

public struct TransactionStatement: Sendable, Hashable, Codable {
  public var sql: SQL
  public var expect: Expectation
  public var onMismatch: MismatchPolicy
  /// What a person reads when the expectation is not met.
  public var message: String?

  public init(_ sql: SQL, expect: Expectation = .any, onMismatch: MismatchPolicy = .fail, message: String? = nil) {
    self.sql = sql
    self.expect = expect
    self.onMismatch = onMismatch
    self.message = message
  }
}

/// Ordered statements and their journal row in one transaction: exactly once.
public struct TransactionWork: Sendable, Hashable, Codable {
  public enum Isolation: String, Sendable, Hashable, Codable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
  }

  /// `LOCK TABLE` statements that come before the first snapshot, so before the fence: what is read afterwards cannot be
  /// older than the locks (PostgreSQL documentation, "Explicit Locking").
  public var entry: [SQL]
  public var statements: [TransactionStatement]
  public var isolation: Isolation
  public var settings: [Setting]

  public init(
    entry: [SQL] = [], _ statements: [TransactionStatement], isolation: Isolation = .readCommitted,
    settings: [Setting] = []
  ) {
    self.entry = entry
    self.statements = statements
    self.isolation = isolation
    self.settings = settings
  }
}

/// One statement that refuses a transaction block. Intent first; after a crash the probe decides, never a guess.
public struct AutocommitWork: Sendable, Hashable, Codable {
  public var statement: SQL
  /// One row `(state, detail)`; state is `absent`, `running`, `partial`, `complete` or `conflict`.
  /// Without one a crash leaves the step blocked for a person, and `plan` says so.
  public var probe: SQL?
  /// Statements, one at a time outside a transaction, that remove what a partial run left.
  public var cleanup: [SQL]
  /// One row `(done, total, what)` about the backend bound to `$pid`.
  public var progress: SQL?
  public var settings: [Setting]
  /// `nil`: none, however long it takes.
  public var statementTimeout: TimeSpan?
  /// `nil`: no lock_timeout. The statement may queue where that stalls nobody for long.
  public var lockTimeout: TimeSpan?

  public init(
    _ statement: SQL, probe: SQL?, cleanup: [SQL] = [], progress: SQL? = nil, settings: [Setting] = [],
    statementTimeout: TimeSpan? = nil, lockTimeout: TimeSpan? = nil
  ) {
    self.statement = statement
    self.probe = probe
    self.cleanup = cleanup
    self.progress = progress
    self.settings = settings
    self.statementTimeout = statementTimeout
    self.lockTimeout = lockTimeout
  }
}

/// Statements run as one transaction again and again; exactly once per chunk.
///
/// In their text `$cursor` (jsonb, NULL at the start), `$size` (bigint) and `$slice` (jsonb) are bound by the engine.
/// The last statement returns one row `(cursor jsonb, rows bigint)`; a NULL cursor ends the work.
public struct ChunkedWork: Sendable, Hashable, Codable {
  /// As in `TransactionWork`.
  public var entry: [SQL]
  public var isolation: TransactionWork.Isolation
  public var statements: [SQL]
  /// A query with one boolean; true ends the work as well.
  public var until: SQL?
  /// Rows `(slice jsonb, total bigint)`: ranges that run in parallel, each with its own cursor.
  public var slices: SQL?
  /// One number: how many rows there will be, for the progress bar.
  public var total: SQL?
  public var size: Int
  public var largestSize: Int
  /// The size adapts so that a chunk takes about this long.
  public var target: TimeSpan
  public var workers: Int
  public var settings: [Setting]

  public init(
    entry: [SQL] = [], _ statements: [SQL], isolation: TransactionWork.Isolation = .readCommitted, until: SQL? = nil,
    slices: SQL? = nil, total: SQL? = nil, size: Int = 1_000, largestSize: Int = 1_000_000, target: TimeSpan,
    workers: Int = 1, settings: [Setting] = []
  ) {
    self.entry = entry
    self.isolation = isolation
    self.statements = statements
    self.until = until
    self.slices = slices
    self.total = total
    self.size = size
    self.largestSize = largestSize
    self.target = target
    self.workers = workers
    self.settings = settings
  }
}

/// Read-only queries; their results are kept as evidence.
public struct ObserveWork: Sendable, Hashable, Codable {
  public struct Query: Sendable, Hashable, Codable {
    public var name: String
    public var sql: SQL
    public var expect: Expectation
    public var message: String?

    public init(_ name: String, _ sql: SQL, expect: Expectation = .any, message: String? = nil) {
      self.name = name
      self.sql = sql
      self.expect = expect
      self.message = message
    }
  }

  public var queries: [Query]
  /// One row `(ok boolean, why text)`, asked every `every` until it is true or `deadline` has passed. A third column
  /// `pids` may name the backends that are waited for, with blanks between them.
  public var until: SQL?
  public var deadline: TimeSpan?
  public var every: TimeSpan?
  /// A measurement: each query so many times, duration in milliseconds kept.
  public var times: Int?

  public init(
    _ queries: [Query], until: SQL? = nil, deadline: TimeSpan? = nil, every: TimeSpan? = nil, times: Int? = nil
  ) {
    self.queries = queries
    self.until = until
    self.deadline = deadline
    self.every = every
    self.times = times
  }
}

public import PlanSchema
public import SQLText

/// A file written atomically (temporary file, fsync, rename); the previous one is kept beside it for undo.
public struct FileWork: Sendable, Hashable, Codable {
  /// Only the interpreter resolves a secret, while writing.
  public enum Segment: Sendable, Hashable, Codable {
    case text(String)
    case secret(SecretReference)
    /// The server's own where we may read it, else the one that is in the file already, as long as it is of this
    /// password; else a new one.
    case scramVerifier(user: String, SecretReference)
    /// HMAC-SHA256 of a message, in hexadecimal digits, under the SHA-256 of a key's text: any key will do.
    case hmac(key: Secret, message: Secret)
    /// The server's time when it is written: `2026-03-01T12:00:00Z`.
    case time
  }

  /// Relative to the plan's folder.
  public var path: String
  /// POSIX permission bits, for example 0o640.
  public var mode: Int
  public var content: [Segment]
  /// Whose it is to be, where we may give files away; otherwise it stays ours.
  public var owner: String?

  public init(path: String, mode: Int, content: [Segment], owner: String? = nil) {
    self.path = path
    self.mode = mode
    self.content = content
    self.owner = owner
  }
}

/// Where a secret is found when it is needed.
public enum SecretReference: Sendable, Hashable, Codable {
  case environment(String)
  case file(String)
}

/// A program run without a shell. At least once: the probe is asked first, unless running it again is harmless.
public struct ProcessWork: Sendable, Hashable, Codable {
  /// `caisson` as the first word is this very program.
  public var arguments: [String]
  public var timeout: TimeSpan
  /// Exit status 0 means the work is already done.
  public var probe: [String]?
  public var idempotent: Bool
  /// What it has to print, blanks around it aside; `nil`: anything.
  public var expect: String?
  /// So many lines of what it prints are kept in the journal; `nil`: none. Not for what may hold values of rows.
  public var evidence: Int?

  public init(
    _ arguments: [String], timeout: TimeSpan, probe: [String]? = nil, idempotent: Bool = false, expect: String? = nil,
    evidence: Int? = nil
  ) {
    self.expect = expect
    self.evidence = evidence
    self.arguments = arguments
    self.timeout = timeout
    self.probe = probe
    self.idempotent = idempotent
  }
}

/// Members run side by side, at most `width` at a time.
public struct ParallelWork: Sendable, Hashable, Codable {
  public var members: [Operation]
  public var width: Int

  public init(_ members: [Operation], width: Int) {
    self.members = members
    self.width = width
  }
}

/// Queries streamed to files that only their owner may read, all in one snapshot. A crash: it starts again.
///
/// A manifest with rows, bytes and sha256 of each file is written last, into the folder or beside the file; a folder has
/// `SHA256SUMS` as well, for `sha256sum -c`.
public struct ExportWork: Sendable, Hashable, Codable {
  public enum Format: String, Sendable, Hashable, Codable {
    case csv
    /// One JSON object in each line.
    case ndjson
    /// One array of objects; several queries in one file become an object of arrays.
    case json
  }

  public struct Query: Sendable, Hashable, Codable {
    /// Names the file of a folder.
    public var name: String
    /// Without bound values: COPY takes none.
    public var sql: SQL

    public init(_ name: String, _ sql: SQL) {
      self.name = name
      self.sql = sql
    }
  }

  /// Before the queries, in their snapshot: what they need that COPY cannot be given. `SELECT set_config('caisson.of',
  /// \(secret: reference), true)` binds a value that `current_setting('caisson.of')` then finds.
  public var prelude: [SQL]
  public var queries: [Query]
  public var format: Format
  /// Relative to the plan's folder. What is there already is never replaced.
  public var path: String
  /// A folder with a file for each query; otherwise one file.
  public var isFolder: Bool

  public init(
    _ queries: [Query], format: Format, path: String, isFolder: Bool, prelude: [SQL] = []
  ) {
    self.prelude = prelude
    self.queries = queries
    self.format = format
    self.path = path
    self.isFolder = isFolder
  }
}

/// One command on PgBouncer's admin console. At least once: the probe, where there is one, is asked first after a crash,
/// and after an error.
public struct AdminWork: Sendable, Hashable, Codable {
  /// A `SHOW` command and what it says once the command has taken effect.
  public struct Probe: Sendable, Hashable, Codable {
    public var show: String
    /// Which of its rows: a value by column. Empty: the first.
    public var row: [String: String]
    public var column: String
    public var value: String

    public init(_ show: String, row: [String: String] = [:], column: String, value: String) {
      self.show = show
      self.row = row
      self.column = column
      self.value = value
    }
  }

  /// The pooler's address, secrets as references; the database is always `pgbouncer`.
  public var console: Secret
  public var command: String
  public var probe: Probe?
  /// PAUSE waits for transactions to end: this long at most.
  public var timeout: TimeSpan

  public init(console: Secret, command: String, probe: Probe? = nil, timeout: TimeSpan = .seconds(30)) {
    self.console = console
    self.command = command
    self.probe = probe
    self.timeout = timeout
  }
}

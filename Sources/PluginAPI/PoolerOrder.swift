import FoundationEssentials
import PlanSchema

/// What `caisson pooler` is to do: try a configuration in a PgBouncer of its own, or have a running one read its file.
///
/// Handed over as one word of an argument list, so it holds references to secrets and never a secret.
public struct PoolerOrder: Sendable, Hashable, Codable {
  /// A client that has to get in.
  public struct Login: Sendable, Hashable, Codable {
    public var user: String
    /// A reference.
    public var password: String
    public var database: String

    public init(user: String, password: String, database: String) {
      self.user = user
      self.password = password
      self.database = database
    }
  }

  /// A running PgBouncer that is to read its file again.
  public struct Reload: Sendable, Hashable, Codable {
    /// Address of its admin console, secrets as references.
    public var console: String

    public init(console: String) { self.console = console }
  }

  /// The program that is installed.
  public var program: String
  /// The account that PgBouncer runs as, for root, whom it refuses.
  public var account: String?
  /// Of pgbouncer.ini; otherwise it is read from `file`.
  public var text: String?
  public var file: String?
  /// What `SHOW CONFIG` has to say, by key.
  public var expected: [String: String]
  /// Addresses and the port that have to be free.
  public var listen: [String]
  public var port: Int?
  public var logins: [Login]
  public var reload: Reload?
  /// The answer is printed as JSON whatever it is; otherwise what is wrong ends the program with 1.
  public var answers: Bool

  public init(program: String, account: String?, expected: [String: String], answers: Bool) {
    self.program = program
    self.account = account
    self.expected = expected
    self.answers = answers
    listen = []
    logins = []
  }

  /// The hidden command.
  public static let command = "pooler"

  /// The program and its arguments.
  public func arguments() throws -> [String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    return ["caisson", PoolerOrder.command, String(decoding: try encoder.encode(self), as: UTF8.self)]
  }
}

/// What came of it.
public struct PoolerAnswer: Sendable, Hashable, Codable {
  /// What is wrong; `nil`: nothing.
  public struct Problem: Error, Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
      /// PgBouncer is not installed, or cannot be started.
      case missing
      /// It would have to run as root, which it refuses.
      case root
      /// Somebody listens on the port.
      case port
      /// It does not start with this configuration.
      case broken
      /// It starts, and is configured otherwise than meant.
      case differs
      /// A client cannot log in.
      case login
      /// The running one cannot be asked.
      case console
      /// The running one has not taken the file over.
      case reload
    }

    public var kind: Kind
    public var message: String
    public var hint: String?

    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
      self.kind = kind
      self.message = message
      self.hint = hint
    }
  }

  public var problem: Problem?
  /// What was done and seen, for a person.
  public var notes: [String]

  public init(problem: Problem? = nil, notes: [String] = []) {
    self.problem = problem
    self.notes = notes
  }

  public init(json: String) throws {
    self = try JSONDecoder().decode(PoolerAnswer.self, from: Data(json.utf8))
  }

  /// One line.
  public func line() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

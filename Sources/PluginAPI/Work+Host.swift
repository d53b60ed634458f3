public import PlanSchema

/// A file written atomically (temporary file, fsync, rename); the previous one is kept beside it for undo.
public struct FileWork: Sendable, Hashable, Codable {
  /// Only the interpreter resolves a secret, while writing.
  public enum Segment: Sendable, Hashable, Codable {
    case text(String)
    case secret(SecretReference)
    case scramVerifier(user: String, SecretReference)
  }

  public var path: String
  /// POSIX permission bits, for example 0o640.
  public var mode: Int
  public var content: [Segment]

  public init(path: String, mode: Int, content: [Segment]) {
    self.path = path
    self.mode = mode
    self.content = content
  }
}

/// Where a secret is found when it is needed.
public enum SecretReference: Sendable, Hashable, Codable {
  case environment(String)
  case file(String)
}

/// A program run without a shell. At least once: the probe is asked first, unless running it again is harmless.
public struct ProcessWork: Sendable, Hashable, Codable {
  public var arguments: [String]
  public var timeout: TimeSpan
  /// Exit status 0 means the work is already done.
  public var probe: [String]?
  public var idempotent: Bool

  public init(_ arguments: [String], timeout: TimeSpan, probe: [String]? = nil, idempotent: Bool = false) {
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

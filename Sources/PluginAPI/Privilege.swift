public import SQLText

/// A right the executing role must have.
public struct Privilege: Sendable, Hashable, Codable {
  public enum Need: Sendable, Hashable, Codable {
    case owner(QualifiedName)
    case create(schema: String)
    /// For example `INSERT` on a table.
    case table(QualifiedName, right: String)
    case superuser
  }

  public var need: Need
  /// What to do where it cannot be had (managed PostgreSQL).
  public var alternative: String?

  public init(_ need: Need, alternative: String? = nil) {
    self.need = need
    self.alternative = alternative
  }
}

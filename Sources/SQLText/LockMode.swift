/// The table-level lock modes, weakest first (documentation section 13.3.1).
public enum LockMode: String, Sendable, Codable, CaseIterable, Comparable {
  case accessShare = "ACCESS SHARE"
  case rowShare = "ROW SHARE"
  case rowExclusive = "ROW EXCLUSIVE"
  case shareUpdateExclusive = "SHARE UPDATE EXCLUSIVE"
  case share = "SHARE"
  case shareRowExclusive = "SHARE ROW EXCLUSIVE"
  case exclusive = "EXCLUSIVE"
  case accessExclusive = "ACCESS EXCLUSIVE"

  public static func < (a: LockMode, b: LockMode) -> Bool { a.rank < b.rank }
  private var rank: Int { LockMode.allCases.firstIndex(of: self) ?? 0 }

  /// True when ordinary writes (or reads, for the strongest) of others have to wait for it.
  public var stallsOthers: Bool { self >= .share }
}

/// A lock that a statement takes on a relation.
public struct RelationLock: Sendable, Hashable, Codable {
  public var relation: QualifiedName
  public var mode: LockMode

  public init(_ mode: LockMode, _ relation: QualifiedName) {
    self.relation = relation
    self.mode = mode
  }
}

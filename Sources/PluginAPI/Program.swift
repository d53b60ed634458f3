public import JSONText

/// What a phase of a step compiled to.
public struct Program: Sendable, Hashable {
  public var findings: [Finding]
  public var operations: [Operation]
  /// Handed to the next phase.
  public var carry: JSON
  /// Privileges the operations need, for `plan` and the preflight.
  public var privileges: [Privilege]
  /// What has to hold before the step is claimed; all of it.
  public var gates: [GateCondition]

  public init(
    findings: [Finding] = [], operations: [Operation] = [], carry: JSON = .null, privileges: [Privilege] = [],
    gates: [GateCondition] = []
  ) {
    self.findings = findings
    self.operations = operations
    self.carry = carry
    self.privileges = privileges
    self.gates = gates
  }

  /// Nothing to do: the database is as the step wants it.
  public static func alreadySo(_ findings: Finding...) -> Program { Program(findings: findings) }

  public var refusals: [Finding] { findings.filter { $0.severity == .refusal } }
  public var leaves: [Operation] { operations.flatMap(\.leaves) }
  /// The leaves and what opens and closes brackets.
  public var everyLeaf: [Operation] { operations.flatMap(\.everyLeaf) }
}

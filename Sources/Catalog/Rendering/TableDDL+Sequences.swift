public import SQLText

extension TableDDL {
  /// Identity columns with sequences of their own, named by `renaming`, starting as new; see `identityValues`.
  public func identities() -> [SQL] {
    inventory.sequences.filter(\.isIdentity).flatMap { sequence -> [SQL] in
      guard let identity = inventory.column(sequence.column)?.identity else { return [] }
      let kind: SQL = identity == .always ? "ALWAYS" : "BY DEFAULT"
      let name = self.name(of: sequence)
      let column = sequence.column
      let statement = alter(
        """
        ALTER COLUMN \(id: column) ADD GENERATED \(sql: kind) AS IDENTITY \
        (SEQUENCE NAME \(id: name)\(sql: options(sequence)))
        """)
      return [statement] + properties(sequence, named: name)
    }
  }

  /// Continues where the inventory's own sequences stand when it runs: under the lock.
  public func identityValues() -> [SQL] {
    inventory.sequences.filter(\.isIdentity).map { sequence in
      """
      SELECT setval(\(literal: name(of: sequence).quoted)::regclass, s.last_value, s.is_called)
      FROM \(id: sequence.name) AS s
      """
    }
  }

  /// Hands the serial columns' sequences over, values and all. Sequence and table must have one owner and schema.
  public func sequenceOwnership() -> [SQL] {
    inventory.sequences.filter { !$0.isIdentity }.map { sequence in
      "ALTER SEQUENCE \(id: sequence.name) OWNED BY \(id: target).\(id: sequence.column)"
    }
  }

  private func name(of sequence: TableInventory.Sequence) -> QualifiedName {
    QualifiedName(target.schema, renaming.name(sequence.name.name))
  }

  private func options(_ sequence: TableInventory.Sequence) -> SQL {
    let cycle = sequence.cycles ? "CYCLE" : "NO CYCLE"
    return SQL(
      verbatim: """
         INCREMENT BY \(sequence.increment) MINVALUE \(sequence.minimum) MAXVALUE \(sequence.maximum) \
        START WITH \(sequence.start) CACHE \(sequence.cache) \(cycle)
        """)
  }

  private func properties(_ sequence: TableInventory.Sequence, named name: QualifiedName) -> [SQL] {
    GrantStatements(
      on: "SEQUENCE \(id: name)", owner: sequence.owner, defaultGrantees: inventory.defaultPrivileges.sequences
    ).statements(sequence.grants)
      + (sequence.comment.map { [Remark.comment("SEQUENCE \(id: name)", $0)] } ?? [])
      + Remark.labels("SEQUENCE \(id: name)", sequence.securityLabels)
  }
}

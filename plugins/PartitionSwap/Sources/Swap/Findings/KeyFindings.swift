import OnlineDDL
import PluginAPI

extension SwapSubject {
  /// What is said about keys that a partitioned table cannot have as they are.
  func keyFindings() async throws -> [Finding] {
    primaryKeyFindings + uniqueFindings + guardFindings() + incomingFindings + exclusionFindings
      + (try await compositeFindings())
  }

  private var primaryKeyFindings: [Finding] {
    guard !primaryKey.columns.contains(key.name) else { return [] }
    let columns = primaryKey.columns.joined(separator: ", ")
    let comfort = sequenced
      ? "Its values come from a sequence, so they stay unique as long as nobody writes values of their own."
      : "Nothing keeps two partitions from having the same value."
    return [
      .warning(
        "swap.primary_key_widened",
        "\(primaryKey.name) becomes (\(columns), \(key.name)): (\(columns)) alone is unique within a partition only."
          + " \(comfort) An application's ON CONFLICT (\(columns)) fails from then on.", at: wanted.$primaryKey)
    ]
  }

  private var sequenced: Bool {
    primaryKey.columns.count == 1 && table.sequences.contains { $0.column == primaryKey.columns[0] }
  }

  // MARK: Unique

  private var uniqueFindings: [Finding] {
    let names = Set(narrowUniques.map(\.name.name))
    return unknown(wanted.unique.keys, names, "unique", "swap.unique", at: wanted.$unique)
      + narrowUniques.map(finding)
  }

  private func finding(_ index: TableInventory.Index) -> Finding {
    let columns = index.keys.map { $0.column ?? $0.text }.joined(separator: ", ")
    let name = index.name.name
    switch wanted.unique[name] {
    case nil:
      return .refusal(
        "swap.unique",
        "\(name) keeps (\(columns)) unique over the whole table; partitioned by \(key.name), PostgreSQL can keep it"
          + " unique within a partition only. A repeated request would make a second row, and ON CONFLICT (\(columns)) fails.",
        choices: [
          "unique: { \(name): guard }: a table of its own keeps it unique everywhere; ON CONFLICT (\(columns)) still fails",
          "unique: { \(name): append }: unique together with \(key.name)", "unique: { \(name): drop }: not unique any more",
        ], at: wanted.$unique)
    case .append:
      return .warning("swap.unique", "\(name) becomes unique on (\(columns), \(key.name)) only", at: wanted.$unique)
    case .drop:
      return .warning("swap.unique", "\(name) is dropped: (\(columns)) is not unique any more", at: wanted.$unique)
    case .guard:
      return .warning(
        "swap.unique", "\(name) is kept by a guard table: every write to (\(columns)) also writes there, and"
          + " ON CONFLICT (\(columns)) fails", at: wanted.$unique)
    }
  }

  // MARK: Foreign keys to the table

  private var incomingFindings: [Finding] {
    let names = Set(narrowIncoming.map(\.constraint.name) + selfReferences.map(\.name))
    return unknown(
      wanted.incomingForeignKeys.keys, names, "incoming_foreign_keys", "swap.incoming", at: wanted.$incomingForeignKeys)
      + narrowIncoming.map { finding($0.constraint, of: $0.table) } + selfReferences.map { finding($0, of: name) }
  }

  private func finding(_ constraint: TableInventory.Constraint, of table: QualifiedName) -> Finding {
    let target = (constraint.reference?.columns ?? []).joined(separator: ", ")
    let mark = wanted.$incomingForeignKeys
    switch wanted.incomingForeignKeys[constraint.name] {
    case nil:
      return .refusal(
        "swap.incoming",
        "\(table) refers to \(name) (\(target)) by \(constraint.name); a partitioned table has no unique key on"
          + " (\(target)) alone that a foreign key could refer to.",
        choices: [
          "incoming_foreign_keys: { \(constraint.name): composite }: \(table) gets the column \(key.name) too, kept by a trigger",
          "incoming_foreign_keys: { \(constraint.name): drop }: nothing keeps \(table) from referring to rows that are gone",
        ], at: mark)
    case .composite where table == name:
      return .refusal(
        "swap.incoming", "\(constraint.name) refers from \(name) to itself: it cannot be widened by this version",
        choices: ["incoming_foreign_keys: { \(constraint.name): drop }"], at: mark)
    case .composite:
      return .warning("swap.incoming", "\(table) gets a column for \(key.name), filled and kept by a trigger", at: mark)
    case .drop:
      return .warning(
        "swap.incoming", "\(constraint.name) is dropped: rows of \(table) may refer to nothing, and are not deleted with"
          + " what they refer to", at: mark)
    }
  }

  // MARK: Exclusion constraints

  private var exclusionFindings: [Finding] {
    let names = Set(exclusions.map(\.name))
    return unknown(wanted.exclusion.keys, names, "exclusion", "swap.exclusion", at: wanted.$exclusion)
      + exclusions.map { constraint in
        switch wanted.exclusion[constraint.name] {
        case _ where staysWhole(constraint):
          .note(
            "swap.exclusion",
            "\(constraint.name) compares \(key.name) by equality: rows that conflict lie in the same partition, so it stays"
              + " as strict as it is")
        case nil:
          .refusal(
            "swap.exclusion",
            "\(constraint.name) forbids conflicting rows over the whole table; kept in each partition, it lets two rows"
              + " conflict that lie in different ones",
            choices: [
              "exclusion: { \(constraint.name): guard }: a table of its own enforces it everywhere",
              "exclusion: { \(constraint.name): per_partition }: kept in each partition; a conflict that comes later across a"
                + " bound is not seen",
              "partition by a column that the constraint compares by equality, with `method: hash`",
            ], at: wanted.$exclusion)
        case .perPartition:
          .warning(
            "swap.exclusion", "\(constraint.name) is kept within each partition: conflicts across bounds are not seen",
            at: wanted.$exclusion)
        case .guard:
          .warning(
            "swap.exclusion", "\(constraint.name) is enforced by a guard table: every write to what it compares also writes"
              + " there", at: wanted.$exclusion)
        }
      }
  }

  /// Rows that conflict have the same partition key. The server's own words: the column, its class if it is not the
  /// default one, and the operator.
  func staysWhole(_ constraint: TableInventory.Constraint) -> Bool {
    let element = QualifiedName.readable(key.name) + " WITH ="
    return ["(", ", "].contains { before in
      [",", ")"].contains { constraint.definition.contains(before + element + $0) }
    }
  }

  /// Choices for names that are not there.
  private func unknown(
    _ given: some Sequence<String>, _ known: Set<String>, _ parameter: String, _ code: String, at range: SourceRange?
  ) -> [Finding] {
    given.filter { !known.contains($0) }.map { name in
      .refusal(
        code, "\(parameter) names \(name), and nothing of that name has to be decided on \(self.name)",
        choices: known.sorted().map { "\(parameter): { \($0): … }" } + ["leave it out"], at: range)
    }
  }
}

import PluginAPI

/// The operations that make a ledger. What is taken back is never somebody's consent.
struct ConsentWork {
  let ledger: ConsentLedger

  private var isEmpty: TransactionStatement {
    TransactionStatement(
      "SELECT NOT EXISTS (SELECT FROM \(id: ledger.entries))", expect: .isTrue,
      message: "\(ledger.entries) has entries, the evidence that article 7(1) asks for: it stays")
  }

  /// All in one transaction: taking it back is refused as a whole, or nothing of it is left. The subject's table comes
  /// last, so that its writers wait for a moment only.
  func creation(
    _ purposes: [OrderedMap<GDPRConsent.Purpose>.Entry], _ grants: [ConsentAccess.Grant], isWatched: Bool
  ) -> Operation {
    .transaction(
      id: "ledger", title: "create \(ledger.entries) and what belongs to it",
      ([
        ledger.tables, ledger.definitions, ledger.triggers,
        [ledger.entries, ledger.purposes, ledger.subjects, ledger.current].map { "REVOKE ALL ON \(id: $0) FROM PUBLIC" },
        purposes.map(inserting), grants.map(\.statement), isWatched ? ledger.watching : [],
      ] as [[SQL]]).flatMap { $0 }.map { TransactionStatement($0) },
      locks: isWatched ? [RelationLock(.shareRowExclusive, ledger.subject)] : [],
      undo: .operations([removal(isWatched: isWatched)]))
  }

  private func removal(isWatched: Bool) -> Operation {
    let relations = [ledger.entries, ledger.purposes, ledger.subjects, ledger.current] + (isWatched ? [ledger.subject] : [])
    return .transaction(
      id: "remove", title: "drop \(ledger.entries), which nobody has used",
      [TransactionStatement("LOCK TABLE \(id: ledger.entries) IN ACCESS EXCLUSIVE MODE"), isEmpty]
        + ((isWatched ? ledger.unwatching : []) + ledger.removal).map { TransactionStatement($0) },
      locks: relations.map { RelationLock(.accessExclusive, $0) }, undo: .nothing)
  }

  private func inserting(_ entry: OrderedMap<GDPRConsent.Purpose>.Entry) -> SQL {
    """
    INSERT INTO \(id: ledger.purposes) (purpose, policy_version, text)
    VALUES (\(literal: entry.key), \(literal: entry.value.policy), \(literal: entry.value.text))
    """
  }

  func naming(_ purposes: [OrderedMap<GDPRConsent.Purpose>.Entry]) -> Operation {
    // One that somebody has agreed to is held by the ledger's foreign key.
    let back = purposes.reversed().map { entry -> SQL in
      """
      DELETE FROM \(id: ledger.purposes)
      WHERE purpose = \(literal: entry.key) AND policy_version = \(literal: entry.value.policy)
      """
    }
    let used = purposes.map { "(\(Quoting.literal($0.key)), \(Quoting.literal($0.value.policy)))" }.joined(separator: ", ")
    let unused = TransactionStatement(
      """
      SELECT NOT EXISTS (SELECT FROM \(id: ledger.entries) WHERE (purpose, policy_version) IN (\(sql: used)))
      """, expect: .isTrue, message: "somebody has agreed to these texts, which article 7(1) asks to be shown: they stay")
    return .transaction(
      id: "purposes", title: "name what people may agree to: \(purposes.map(\.key).joined(separator: ", "))",
      purposes.map { TransactionStatement(inserting($0)) },
      undo: .operations([
        .transaction(
          id: "unname", title: "take back texts nobody has agreed to", [unused] + back.map { TransactionStatement($0) },
          undo: .nothing)
      ]))
  }

  func granting(_ grants: [ConsentAccess.Grant]) -> Operation {
    .transaction(
      id: "grants", title: "let roles use \(ledger.entries)", grants.map { TransactionStatement($0.statement) },
      undo: .operations([
        .transaction(
          id: "revoke", title: "take those grants back", grants.map { TransactionStatement($0.reverse) }, undo: .nothing)
      ]))
  }

  /// As long as there are entries, whoever is deleted has to be forgotten.
  var watching: Operation {
    .transaction(
      id: "watch", title: "forget whoever is deleted from \(ledger.subject)",
      ledger.watching.map { TransactionStatement($0) }, locks: [RelationLock(.shareRowExclusive, ledger.subject)],
      undo: .operations([
        .transaction(
          id: "unwatch", title: "forget no longer whoever is deleted from \(ledger.subject)",
          [isEmpty] + ledger.unwatching.map { TransactionStatement($0) },
          locks: [RelationLock(.accessExclusive, ledger.subject)], undo: .nothing)
      ]))
  }
}

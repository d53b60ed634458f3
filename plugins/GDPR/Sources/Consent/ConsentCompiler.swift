import OnlineDDL
import PluginAPI

/// From the wanted ledger and the catalog to what is missing.
struct ConsentCompiler {
  let wanted: GDPRConsent.Parameters
  let facts: any Facts

  func program() async throws -> Program {
    let ledger = try await ledger()
    try await checkRoles()
    await facts.consulted(ledger.entries)
    let isThere = try await facts.relation(ledger.entries) != nil
    if isThere { try await checkOurs(ledger) } else { try await checkFree(ledger) }
    let missing = try await missingPurposes(ledger, isThere: isThere)
    let access = ConsentAccess(ledger: ledger, wanted: wanted)
    let granting = isThere ? try await access.missing(facts) : access.all
    let work = ConsentWork(ledger: ledger)
    let isWanted = wanted.onDelete == .forget
    var operations = isThere ? [] : [work.creation(missing, granting, isWatched: isWanted)]
    if isThere, !missing.isEmpty { operations.append(work.naming(missing)) }
    if isThere, !granting.isEmpty { operations.append(work.granting(granting)) }
    if isThere, isWanted, try await !isWatched(ledger) { operations.append(work.watching) }
    guard !operations.isEmpty else {
      return .alreadySo(.note("consent.same", "\(ledger.entries) is as wanted", at: wanted.$ledger))
    }
    return Program(
      operations: operations,
      privileges: [
        Privilege(.create(schema: ledger.entries.schema)), Privilege(.table(ledger.subject, right: "UPDATE")),
        Privilege(.table(ledger.subject, right: "TRIGGER"), alternative: "on_delete: keep"),
      ])
  }

  // MARK: Subject and roles

  private func ledger() async throws -> ConsentLedger {
    let subject = wanted.subject
    guard let table = try await BatchTable.read(subject.table, facts), ["r", "p"].contains(table.kind) else {
      let near = Spelling.nearest(to: subject.table.name, in: try await BatchTable.namesakes(of: subject.table, facts))
      throw StepRefusal(
        "consent.subject", "there is no table \(subject.table)",
        choices: near.map { ["did you mean \(QualifiedName(subject.table.schema, $0))?"] }
          ?? ["create it in an earlier step"], at: subject.$table)
    }
    guard let column = table[subject.key.name] else {
      let near = Spelling.nearest(to: subject.key.name, in: table.columns.map(\.name))
      throw StepRefusal(
        "consent.subject", "\(subject.table) has no column \(subject.key)",
        choices: near.map { ["did you mean \($0)?"] } ?? ["name its key"], at: subject.$key)
    }
    guard table.usableKeys.contains(where: { $0.columns == [column.name] }) else {
      throw StepRefusal(
        "consent.subject",
        "\(subject.key) of \(subject.table) is no unique key without NULLs: it does not say who somebody is",
        choices: table.usableKeys.filter { $0.columns.count == 1 }.map { "key: \($0.columns[0])" }, at: subject.$key)
    }
    return ConsentLedger(entries: wanted.ledger, subject: subject.table, key: column.name, type: column.type)
  }

  private func checkRoles() async throws {
    let names = try await facts.rows("SELECT rolname::text AS name FROM pg_roles").map { try $0.string("name") }
    let asked = [(wanted.record, wanted.$record), (wanted.read, wanted.$read), (wanted.forget, wanted.$forget)]
    let findings = asked.flatMap { roles, range in
      roles.filter { !names.contains($0.name) }.map { role in
        Finding.refusal(
          "consent.role", "there is no role \(role)",
          choices: Spelling.nearest(to: role.name, in: names).map { ["did you mean \($0)?"] } ?? ["create it first"],
          at: range)
      }
    }
    guard findings.isEmpty else { throw StepRefusal(findings) }
  }

  // MARK: What is there

  private func checkOurs(_ ledger: ConsentLedger) async throws {
    let row = try await facts.rows(
      "SELECT obj_description(\(literal: ledger.entries.quoted)::regclass, 'pg_class') AS comment").first
    guard row?["comment"] != ledger.comment else { return }
    throw StepRefusal(
      "consent.ledger", "\(ledger.entries) is there, and is no consent ledger of \(ledger.subject) by \(wanted.subject.key)",
      choices: ["ledger: another name; what is in this table is copied with the functions that record"],
      at: wanted.$ledger)
  }

  private func checkFree(_ ledger: ConsentLedger) async throws {
    for name in [ledger.purposes, ledger.subjects, ledger.current] where try await facts.relation(name) != nil {
      throw StepRefusal(
        "consent.ledger", "the ledger needs the name \(name), which is taken", choices: ["ledger: another name"],
        at: wanted.$ledger)
    }
  }

  private func missingPurposes(
    _ ledger: ConsentLedger, isThere: Bool
  ) async throws -> [OrderedMap<GDPRConsent.Purpose>.Entry] {
    guard isThere else { return wanted.purposes.entries }
    let rows = try await facts.rows("SELECT purpose, policy_version, text FROM \(id: ledger.purposes)")
    return try wanted.purposes.filter { entry in
      guard let row = rows.first(where: { $0["purpose"] == entry.key && $0["policy_version"] == entry.value.policy }) else {
        return true
      }
      guard row["text"] != entry.value.text else { return false }
      throw StepRefusal(
        "consent.text", "version \(entry.value.policy) of \(entry.key) has another text, which people may have agreed to",
        choices: ["policy: a new version for the new text"], at: entry.range)
    }
  }

  private func isWatched(_ ledger: ConsentLedger) async throws -> Bool {
    try await !facts.rows(
      """
      SELECT FROM pg_trigger WHERE tgrelid = \(literal: ledger.subject.quoted)::regclass AND tgname = \(ledger.trigger)
      """
    ).isEmpty
  }
}

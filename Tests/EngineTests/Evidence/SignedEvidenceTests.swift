import BuiltinPlugins
import ChildProcess
import Digest
import Engine
import Journal
import JSONText
import PostgresClient
import RunModel
import Sandbox
import SQLText
import TestSupport
import Testing

/// Evidence that comes as a file, and databases that are copies of others.
@Suite(.database, .ownTime(.minutes(5))) struct SignedEvidenceTests {
  private var database: TestDatabase { .current }

  private struct Keys {
    let signing: Ed25519.PrivateKey
    let trusted: String

    init() throws {
      signing = try Ed25519.PrivateKey.generate()
      trusted = try signing.publicKey().description
    }
  }

  /// Staging's evidence as it would be exported.
  private func exported(_ staging: EngineHarness, by key: Ed25519.PrivateKey?) async throws -> SignedEvidence {
    let text = try #require(try await staging.database.sql("SELECT body FROM caisson.evidence ORDER BY verified_at DESC").value)
    return try SignedEvidence(try Evidence(body: try JSON(parsing: text)), by: key)
  }

  private func production(_ file: String, trust: String) throws -> EngineHarness {
    try EngineHarness(
      Stages.steps, registry: .builtin, named: "production",
      environment: "requires: { environment: staging, from: \(file), trust: ['\(trust)'] }")
  }

  private func ending(_ harness: EngineHarness) async throws -> String {
    switch try await harness.runner().apply().ending {
    case .waiting(let gates): gates.map(\.reason).joined()
    case .succeeded: "succeeded"
    case let other: "\(other)"
    }
  }

  @Test("a file signed by a trusted key admits one run; edited, unsigned, signed by another or older it admits none")
  func files() async throws {
    let keys = try Keys()
    let path = try TemporaryFolder.make(prefix: "caisson-evidence") + "/staging.json"
    func put(_ text: String) throws { try ServerFiles.write(text, to: path, owner: nil) }
    let harness = try production(path, trust: keys.trusted)
    try await Stages.with { stages in
      #expect(try await ending(harness).contains("cannot be read"))
      try await stages.staging.applied()
      let first = try await exported(stages.staging, by: keys.signing)
      try put(first.file.pretty.replacing("\"executed\"", with: "\"carried\""))
      #expect(try await ending(harness).contains("does not carry the signature"))
      try put(try await exported(stages.staging, by: nil).file.text)
      #expect(try await ending(harness).contains("is not signed"))
      try put(try await exported(stages.staging, by: try Ed25519.PrivateKey.generate()).file.text)
      #expect(try await ending(harness).contains("`requires.trust` does not list"))
      try put("{}")
      #expect(try await ending(harness).contains("cannot be believed"))
      try put(first.file.pretty)
      #expect(try await ending(harness) == "succeeded")
      let kept = try await database.sql("SELECT signer, length(signature) FROM caisson.evidence WHERE admits = (SELECT run_id FROM caisson.run)").rows
      #expect(kept.first?[0] == keys.trusted && kept.first?[1] == "64")

      // The next run wants a newer one.
      try await database.script("DROP TABLE two; DROP TABLE one")
      guard case .waiting = try await harness.runner().apply(again: true).ending else { return _ = Issue.record("replayed") }
      try await stages.staging.database.script("DROP TABLE two; DROP TABLE one")
      try await stages.staging.applied(again: true)
      try put(try await exported(stages.staging, by: keys.signing).file.text)
      #expect(try await ending(harness) == "succeeded")
      try await database.script("DROP TABLE two; DROP TABLE one")
      try put(first.file.pretty)
      guard case .waiting(let gates) = try await harness.runner().apply(again: true).ending else { return _ = Issue.record("older") }
      #expect(gates[0].reason.contains("already"))
    }
  }

  @Test("evidence is signed where the environment has a key, and a connection that is told to trust a key wants its signature")
  func signingKey() async throws {
    let keys = try Keys()
    let path = try TemporaryFolder.make(prefix: "caisson-evidence") + "/key"
    try await Stages.with(", trust: ['\(keys.trusted)']", staging: "signing_key: ${file:\(path)}") { stages in
      // A key that cannot be used is said before anything runs.
      await #expect(throws: EngineError.self) { try await stages.staging.runner().apply() }
      #expect(try await stages.staging.database.sql("SELECT to_regclass('one') IS NULL").value == "t")
      try ServerFiles.write(keys.signing.secretText + "\n", to: path, owner: nil)
      try await stages.staging.applied()
      let everything: SQL = "SELECT string_agg(v::text, ' ') FROM caisson.evidence v"
      let text = try await stages.staging.database.sql(everything).value ?? ""
      #expect(text.contains(keys.trusted) && !text.contains(keys.signing.secretText.suffix(40)))
      try await stages.staging.database.sql("UPDATE caisson.evidence SET body = jsonb_set(body, '{steps,one,rows}', '7')")
      #expect(try await stages.closed()?.reason.contains("does not carry the signature") == true)
      try await stages.staging.database.sql("UPDATE caisson.evidence SET body = jsonb_set(body, '{steps,one,rows}', '0')")
      #expect(try await stages.closed() == nil)
    }
  }

  // MARK: Copies

  enum Copying: CaseIterable { case template, dump }

  /// A second database made of the first one.
  private func copy(_ kind: Copying, of database: TestDatabase, as name: String) async throws -> ConnectionString {
    let cluster = database.cluster
    switch kind {
    case .template:
      try await cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(database.name)")
      try await cluster.sql("CREATE DATABASE \(id: name) TEMPLATE \(id: database.name) STRATEGY file_copy")
    case .dump:
      try await cluster.sql("CREATE DATABASE \(id: name) TEMPLATE template0")
      let programs = cluster.server.programs, dump = try TemporaryFolder.make(prefix: "caisson-dump") + "/dump.sql"
      let made = try await Command([programs.path("pg_dump"), "-f", dump, database.url]).run()
      #expect(made.succeeded, "\(made.errorText)")
      let restored = try await Command(
        [programs.path("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-f", dump, "-d", cluster.target(database: name).secret]).run()
      #expect(restored.succeeded, "\(restored.errorText)")
    }
    return cluster.target(database: name)
  }

  private func runner(_ harness: EngineHarness, at target: ConnectionString) -> Runner {
    var address = TargetAddress(name: harness.resolved.environment.name, connection: target)
    if let evidence = harness.evidence { address.evidence = { evidence } }
    return Runner(harness.resolved, target: Target(address), registry: .builtin)
  }

  @Test("a restored copy of production does not believe that it is production, however it was made", arguments: Copying.allCases)
  func restoredCopy(_ kind: Copying) async throws {
    try await Stages.with { stages in
      try await stages.staging.applied()
      _ = try await stages.production.runner().apply(until: "one")
      let name = "\(database.name)_restored"
      let copy = try await copy(kind, of: database, as: name)
      let other = runner(stages.production, at: copy)
      await #expect(throws: JournalError.self) { try await other.apply() }
      await #expect(throws: JournalError.self) { try await other.resume() }
      _ = try await database.cluster.sql("DROP DATABASE \(id: name) WITH (FORCE)")
      #expect(try await stages.closed() == nil)
    }
  }

  @Test("a copy of staging is not staging, and neither is production or a copy of it under staging's name")
  func foreign() async throws {
    try await Stages.with { stages in
      try await stages.staging.applied()
      var production = stages.production
      let name = "\(database.name)_foreign"
      production.evidence = try await copy(.dump, of: stages.staging.database, as: name)
      #expect(try await ending(production).contains("cannot be believed: this journal was written elsewhere"))
      // Adopted, it lives on, and nothing that was proven counts.
      let connection = try await Connection.connect(database.cluster.target(database: name))
      _ = try await Adoption.run(on: connection, target: "second", actor: "me", reason: "x")
      await connection.close()
      #expect(try await ending(production).contains("no evidence"))
      _ = try await database.cluster.sql("DROP DATABASE \(id: name) WITH (FORCE)")

      production.evidence = database.target
      #expect(try await ending(production).contains("holds the journal of production itself"))
      #expect(try await database.sql("SELECT to_regclass('one') IS NULL").value == "t")
    }
  }

  @Test("evidence that was carried from one staging's journal into another's admits nothing, not even signed")
  func carriedOver() async throws {
    let keys = try Keys()
    try await Stages.with(", trust: ['\(keys.trusted)']") { stages in
      try await stages.staging.applied()
      let signed = try await exported(stages.staging, by: keys.signing)
      try await TestDatabase.with { other in
        let connection = try await other.connect()
        try await Installer.install(on: connection, target: "staging")
        let write = JournalSQL.writeEvidence(
          signed.evidence.body, signer: signed.signer, signature: signed.signature, actor: "x")
        try await connection.query(write)
        var production = stages.production
        production.evidence = other.target
        #expect(try await ending(production).contains("written in another journal and put into this one"))
        await connection.close()
      }
      // In its own journal, but without its run.
      try await stages.staging.database.sql("DELETE FROM caisson.evidence")
      let unknown = EvidenceCopy.of(signed.evidence.body, run: "00000000-0000-0000-0000-00000000000f")
      let forged = try SignedEvidence(try Evidence(body: unknown), by: keys.signing)
      try await stages.staging.database.sql(
        JournalSQL.writeEvidence(unknown, signer: forged.signer, signature: forged.signature, actor: "x"))
      #expect(try await ending(stages.production).contains("knows no such run"))
    }
  }

  @Test("what staging had nothing to do for is said")
  func idle() async throws {
    let steps = "  ix: { uses: index.create, with: { table: t, columns: [a], name: t_a } }"
    try await TestDatabase.with { other in
      let staging = try EngineHarness(steps, registry: .builtin, database: other)
      var production = try EngineHarness(
        steps, registry: .builtin, named: "production",
        environment: "requires: { environment: staging, from: service=staging }")
      production.evidence = other.target
      try await other.script("CREATE TABLE t (a int); CREATE INDEX t_a ON t (a)")
      try await database.script("CREATE TABLE t (a int)")
      try await staging.applied()
      let notes = try #require(try await production.runner().preview().evidence).notes
      #expect(notes.contains("step ix: there was nothing to do for it in staging"), "\(notes)")
    }
  }

  @Test("evidence that this very database left under another name admits nothing, not even signed")
  func itself() async throws {
    let keys = try Keys()
    let path = try TemporaryFolder.make(prefix: "caisson-evidence") + "/staging.json"
    let before = try EngineHarness(Stages.steps, registry: .builtin)
    try await before.applied()
    try ServerFiles.write(try await exported(before, by: keys.signing).file.text, to: path, owner: nil)
    let connection = try await database.connect()
    _ = try await Adoption.run(on: connection, target: "production", actor: "me", reason: "renamed")
    await connection.close()
    #expect(try await ending(try production(path, trust: keys.trusted)).contains("made by this very database"))
  }
}

private enum EvidenceCopy {
  /// The same, as if that run had left it.
  static func of(_ body: JSON, run: String) -> JSON {
    var object = body.object ?? JSONObject()
    object["run"] = .string(run)
    object["id"] = .string(run)
    return .object(object)
  }
}

import OnlineDDL
import PluginAPI
import PostgresClient
import TestSupport
import Testing

@Suite("key log: under random load", .database) struct KeyLogRoundTests {
  private var database: TestDatabase { TestDatabase.current }

  /// Run by the engine; anything but success is an issue.
  private func apply(_ operations: [Operation], id: String, role: String?) async throws {
    let harness = try EngineHarness(
      try TestProgram.step(id, operations, more: "max_stall: 5s"), registry: StepRegistry([TestPlugin.self]),
      environment: role.map { "role: \($0)" } ?? "")
    let ending = try await harness.runner().apply().ending
    guard case .succeeded = ending else {
      Issue.record("\(ending)")
      return
    }
    #expect(try await harness.flaws() == [])
  }

  private func followed(_ table: String, role: String?) async throws -> Followed {
    let months = (1...6).map { "2026-0\($0)-01" }
    let leaves = zip(months, months.dropFirst()).enumerated().map { place, bounds in
      "CREATE TABLE \(table)_p\(place) PARTITION OF \(table)_copy FOR VALUES FROM ('\(bounds.0)') TO ('\(bounds.1)');"
    }
    try await database.script(
      """
      \(Writers.tables(table))
      CREATE TABLE \(table)_copy (LIKE \(table), PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
      \(leaves.joined(separator: "\n")) CREATE TABLE \(table)_rest PARTITION OF \(table)_copy DEFAULT;
      """)
    if let role {
      try await database.script(
        """
        ALTER TABLE \(table) OWNER TO \(role); ALTER TABLE \(table)_copy OWNER TO \(role);
        ALTER SEQUENCE \(table)_id OWNER TO \(role);
        """)
    }
    return Followed(
      log: KeyLog(
        source: QualifiedName("public", table), copy: QualifiedName("public", "\(table)_copy"),
        primaryKey: [LoggedColumn("id", "bigint")], partitionKey: LoggedColumn("day", "timestamp with time zone"),
        columns: ["id", "day", "v", "u", "pad"], name: table))
  }

  /// What partition.swap does before its cutover, with passes while chunks are copied.
  private func program(_ followed: Followed, _ fingerprint: String, seed: Int) -> [Operation] {
    let log = followed.log, quick = TimeSpan.milliseconds(20)
    var copy = log.copyWork(
      order: seed % 3 == 0 ? .blocks : .primaryKey, fingerprint: fingerprint, keyed: true, target: quick,
      workers: seed % 2 == 0 ? 3 : 1)
    (copy.size, copy.largestSize) = (40, 60)
    var between = log.drainWork(below: 30, patience: 1000, limited: true, target: quick)
    (between.size, between.largestSize) = (30, 200)
    let drain = log.drainWork(below: 40, patience: 1000, limited: false, target: quick)
    let copying = Operation.chunked(id: "copy", title: "copy", copy, undo: .nothing)
    let passes = (1...3).map { Operation.chunked(id: "replay\($0)", title: "replay \($0)", between, undo: .nothing) }
    let unique = Operation.transaction(
      id: "unique", title: "unique index", [TransactionStatement("CREATE UNIQUE INDEX ON \(id: log.copy) (u, day)")],
      undo: .nothing)
    return [
      .parallel(id: "both", title: "copy and replay", width: 2, [copying] + passes),
      .chunked(id: "whole", title: "replay the rest", log.replayWork(limited: false, indexed: true, target: quick), undo: .nothing),
      unique,
      .chunked(id: "verify", title: "verify", log.verifyWork(.hash, target: quick, size: 200), undo: .nothing),
      .chunked(id: "drain", title: "drain", drain, undo: .nothing),
    ]
  }

  @Test("rounds of everything at once end equal, and row images lose rows in them", .ownTime(.minutes(10)))
  func rounds() async throws {
    let role = "owner_of_\(database.name)"
    try await database.script("CREATE ROLE \(role); GRANT CREATE ON SCHEMA public TO \(role)")
    try await apply([.observe(id: "o", title: "journal", ObserveWork([]))], id: "first", role: nil)
    try await database.script("GRANT USAGE, CREATE ON SCHEMA caisson TO \(role)")
    var lost = 0
    for seed in 1...15 {
      // The control's losses are a matter of luck, ours are not.
      if seed > 5, lost > 0 { break }
      let followed = try await followed("t\(seed)", role: seed == 2 ? role : nil)
      let images = RowImages(of: "t\(seed)")
      try await images.install()
      let writers = Writers(on: "t\(seed)", log: followed.log.log, truncating: seed % 2 == 0)
      try await writers.work(3, seed: UInt64(seed)) {
        let log = followed.log
        let begin = (log.create + log.createTripwire + log.capture(on: log.source)).map { TransactionStatement($0) }
        try await apply(
          [.transaction(id: "capture", title: "capture", begin, undo: .nothing)], id: "c\(seed)", role: seed == 2 ? role : nil)
        let fingerprint = try await followed.fingerprint()
        async let control: Void = images.copy { writers.frontier.store($0, ordering: .relaxed) }
        try await apply(program(followed, fingerprint, seed: seed), id: "p\(seed)", role: seed == 2 ? role : nil)
        try await control
      }
      #expect(writers.unexpected == [], "seed \(seed)")
      #expect(writers.count > 20)
      let hand = try await ChunkHand.open()
      try await hand.run(followed.replay())
      await hand.connection.close()
      #expect(try await followed.differences() == 0, "seed \(seed)")
      #expect(try await database.text("SELECT recopied FROM \(id: followed.log.state)") == "0", "seed \(seed)")
      lost += try await images.differences()
    }
    #expect(lost > 0)
    try await database.script("DROP OWNED BY \(role) CASCADE; DROP ROLE \(role)")
  }
}

/// The common recipe, as a control: a trigger that writes whole rows into the copy, and a copier that locks what it reads.
private struct RowImages {
  let table: String
  private var copyName: String { "\(table)_image" }

  init(of table: String) { self.table = table }

  func install() async throws {
    try await TestDatabase.current.script(
      """
      CREATE TABLE \(copyName) (LIKE \(table), PRIMARY KEY (id, day)); GRANT ALL ON \(copyName) TO PUBLIC;
      CREATE FUNCTION \(copyName)() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'TRUNCATE' THEN DELETE FROM \(copyName); RETURN NULL; END IF;
        IF TG_OP <> 'INSERT' THEN DELETE FROM \(copyName) WHERE (id, day) = (OLD.id, OLD.day); END IF;
        IF TG_OP <> 'DELETE' THEN
          INSERT INTO \(copyName) VALUES (NEW.*) ON CONFLICT (id, day)
          DO UPDATE SET v = excluded.v, u = excluded.u, pad = excluded.pad;
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER image AFTER INSERT OR UPDATE OR DELETE ON \(table) FOR EACH ROW EXECUTE FUNCTION \(copyName)();
      CREATE TRIGGER image_t AFTER TRUNCATE ON \(table) EXECUTE FUNCTION \(copyName)();
      """)
  }

  /// `reached`: told each key that has been copied.
  func copy(reached: @Sendable (Int) -> Void) async throws {
    let connection = try await TestDatabase.current.connect()
    for first in stride(from: 0, to: Writers.rows, by: 50) {
      try await connection.script(
        """
        BEGIN; INSERT INTO \(copyName) SELECT * FROM \(table) WHERE id > \(first) AND id <= \(first + 50) FOR KEY SHARE
        ON CONFLICT DO NOTHING; SELECT pg_sleep(0.04); COMMIT
        """)
      reached(first + 50)
    }
    await connection.close()
  }

  func differences() async throws -> Int {
    let count = try await TestDatabase.current.text(
      SQL(
        verbatim: """
          SELECT (SELECT count(*) FROM (TABLE \(table) EXCEPT ALL TABLE \(copyName)) x)
            + (SELECT count(*) FROM (TABLE \(copyName) EXCEPT ALL TABLE \(table)) x)
          """))
    return try #require(count.flatMap { Int($0) })
  }
}

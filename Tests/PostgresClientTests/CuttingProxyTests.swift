import Glibc
import PostgresClient
import SQLText
import Synchronization
import TestSupport
import Testing

/// The proxy itself: what it counts, and what is true in the server after a cut.
@Suite(.database(template: "CREATE TABLE t (id int)"), .ownTime(.minutes(4)))
struct CuttingProxyTests {
  private static let firstCommit = CutPoint("COMMIT", ends: true)

  private func connected(_ body: (CuttingProxy, Connection) async throws -> Void) async throws {
    let proxy = try CuttingProxy(to: TestDatabase.current.cluster.port)
    let connection = try await Connection.connect(proxy.target(.current))
    try await body(proxy, connection)
    await connection.close()
    proxy.stop()
  }

  /// Rows of `t`, once no session of the client is left in the server.
  private func rows() async throws -> Int {
    let database = TestDatabase.current
    try await database.until(
      """
      SELECT count(*) = 0 FROM pg_stat_activity
      WHERE datname = current_database() AND client_port > 0 AND backend_type = 'client backend'
      """)
    return try await database.sql("SELECT count(*) FROM t").value.flatMap { Int($0) } ?? -1
  }

  private func expectRows(_ wanted: Int, _ place: SourceLocation = #_sourceLocation) async throws {
    let found = try await rows()
    #expect(found == wanted, sourceLocation: place)
  }

  @Test("statements are counted in the order of sending: simple, extended, pipelined, and the ends of transactions")
  func counts() async throws {
    try await connected { proxy, connection in
      try await connection.script("BEGIN; INSERT INTO t VALUES (1); COMMIT")
      try await connection.query("SELECT \(1)::int")
      try await connection.query("INSERT INTO t VALUES (2)")
      _ = try await connection.pipeline([["BEGIN", "INSERT INTO t VALUES (3)", "COMMIT"], ["SELECT 2"]])
      try await connection.query("BEGIN")
      _ = try? await connection.query("SELECT 1 / 0")
      try await connection.query("ROLLBACK")
      #expect(
        proxy.points.map(\.description) == [
          "SELECT pg_catalog.pg_backend_pid() #1", "Sync after SELECT pg_catalog.pg_backend_pid() #1",
          "BEGIN INSERT INTO t VALUES (1) COMMIT #1",
          "SELECT $1::int #1", "Sync after SELECT $1::int #1", "INSERT INTO t VALUES (2) #1",
          "Sync after INSERT INTO t VALUES (2) #1", "BEGIN #1", "INSERT INTO t VALUES (3) #1", "COMMIT #1", "SELECT 2 #1",
          "Sync after SELECT 2 #1", "BEGIN #2", "SELECT 1 / 0 #1", "ROLLBACK #1",
        ])
      #expect(
        proxy.points.filter(\.isCommit).map(\.words) == [
          "BEGIN INSERT INTO t VALUES (1) COMMIT", "Sync after INSERT INTO t VALUES (2)", "COMMIT",
        ])
    }
    try await expectRows(3)
  }

  @Test("a COMMIT that is cut off: what the server has done with it", arguments: [
    (CutMoment.unsent, 0), (.orphaned, 1), (.unanswered, 1),
  ], [false, true])
  func commit(cut: (moment: CutMoment, rows: Int), pipelined: Bool) async throws {
    try await connected { proxy, connection in
      let seen = Atomic<Bool>(false)
      proxy.cut(Self.firstCommit, cut.moment) { seen.store(true, ordering: .relaxed) }
      let error = await #expect(throws: PostgresError.self) {
        if pipelined { return _ = try await connection.pipeline([["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"]])[0].get() }
        try await connection.query("BEGIN")
        try await connection.query("INSERT INTO t VALUES (1)")
        try await connection.query("COMMIT")
      }
      #expect(error?.isConnectionLoss == true, "\(String(describing: error))")
      #expect(seen.load(ordering: .relaxed) && proxy.fired == Self.firstCommit)
      try await expectRows(cut.rows)
    }
  }

  @Test("abandoned in a COMMIT that takes its time, the server does all of it or nothing")
  func abandoned() async throws {
    try await connected { proxy, connection in
      proxy.cut(Self.firstCommit, .abandoned)
      await #expect(throws: PostgresError.self) {
        _ = try await connection.pipeline([["BEGIN", "INSERT INTO t VALUES (1), (2)", "COMMIT"]])[0].get()
      }
      let kept = try await rows()
      #expect(kept == 0 || kept == 2)
    }
  }

  @Test("a statement without a block: executed is not committed before its Sync", arguments: [
    ("INSERT INTO t VALUES (1)", 0), ("Sync after INSERT INTO t VALUES (1)", 1),
  ])
  func implicit(words: String, kept: Int) async throws {
    try await connected { proxy, connection in
      proxy.cut(CutPoint(words), .unanswered)
      await #expect(throws: PostgresError.self) { try await connection.query("INSERT INTO t VALUES (1)") }
      try await expectRows(kept)
    }
  }

  @Test("in the middle of a pipeline nothing after the cut is executed, and nothing is committed",
        arguments: [CutMoment.unsent, .unanswered])
  func middle(moment: CutMoment) async throws {
    try await connected { proxy, connection in
      proxy.cut(CutPoint("INSERT INTO t VALUES (2)"), moment)
      await #expect(throws: PostgresError.self) {
        _ = try await connection.pipeline(
          [["BEGIN", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)", "COMMIT"]])[0].get()
      }
      try await expectRows(0)
      #expect(!proxy.points.contains(Self.firstCommit))
    }
  }

  @Test("the other connections live on, and a new one is not cut again")
  func others() async throws {
    try await connected { proxy, connection in
      let other = try await Connection.connect(proxy.target(.current))
      proxy.cut(CutPoint("SELECT 7"), .unsent)
      await #expect(throws: PostgresError.self) { try await connection.query("SELECT 7") }
      #expect(try await other.query("SELECT 7").value == "7")
      #expect(proxy.connections == 2)
      await other.close()
    }
  }

  @Test("COPY passes in both directions; cut after its end, an autocommitted one is there")
  func copy() async throws {
    try await connected { proxy, connection in
      let left = Mutex(20_000)
      let next: @Sendable () -> [UInt8]? = {
        left.withLock { left in
          defer { left -= 1 }
          return left > 0 ? Array("\(left)\n".utf8) : nil
        }
      }
      #expect(try await connection.copyIn("COPY t FROM STDIN") { next() } == 20_000)
      #expect(try await connection.copyOut("COPY t TO STDOUT") { _ in } == 20_000)
      left.withLock { $0 = 100 }
      proxy.cut(CutPoint("Sync after COPY t FROM STDIN", 2), .unanswered)
      await #expect(throws: PostgresError.self) { try await connection.copyIn("COPY t FROM STDIN") { next() } }
      try await expectRows(20_100)
    }
  }

  @Test("a cancel request passes through")
  func cancel() async throws {
    try await connected { proxy, connection in
      let task = Task { try await connection.query("SELECT pg_sleep(600)") }
      while !proxy.points.contains(where: { $0.words == "SELECT pg_sleep(600)" }) {
        try await Task.sleep(for: .milliseconds(5))
      }
      try await Task.sleep(for: .milliseconds(50))
      task.cancel()
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.sqlState == "57014")
    }
  }

  @Test("a black hole: neither side hears anything, the session stays until the proxy ends")
  func blackhole() async throws {
    try await connected { proxy, connection in
      let seen = Atomic<Bool>(false)
      proxy.cut(CutPoint("SELECT 8"), .blackholed) { seen.store(true, ordering: .relaxed) }
      let task = Task { try await connection.query("SELECT 8") }
      while !seen.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(5)) }
      let alive: SQL = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND client_port > 0"
      #expect(try await TestDatabase.current.sql(alive).value == "1")
      proxy.stop()
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.isConnectionLoss == true)
      try await expectRows(0)
    }
  }
}

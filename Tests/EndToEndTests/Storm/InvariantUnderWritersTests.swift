import TestSupport
import Testing

/// An invariant compares a view with its tables, which are written to all the time.
@Suite(.serialized, .database, .ownTime(.minutes(5))) struct InvariantUnderWritersTests {
  /// Filling the view takes a second, in which rows come.
  private static let steps = """
      counted:
        uses: matview.create
        with:
          name: counted
          query: SELECT 1 AS id, (SELECT count(*) FROM t) AS n, pg_sleep(1)::text AS waited
          unique_key: [id]
          refresh: { min_interval: 0s }
          verify: [SELECT n = (SELECT count(*) FROM t) FROM counted]
      refresh:
        uses: matview.refresh
        needs: [counted]
        with: { names: [counted] }
    """

  @Test("what is written while a view is filled or refreshed breaks no invariant")
  func holds() async throws {
    let database = TestDatabase.current
    try await database.script("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY)")
    let project = try Project(Self.steps)
    let writer = Task {
      while !Task.isCancelled { try await database.script("INSERT INTO t DEFAULT VALUES") }
    }
    for arguments in ["apply", "apply --again"] {
      let rows = try await database.sql("SELECT count(*) FROM t").value
      let applied = try await project.run(arguments, "--yes")
      #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
      #expect(try await database.sql("SELECT count(*) FROM t").value != rows)
    }
    writer.cancel()
    _ = try? await writer.value
  }
}

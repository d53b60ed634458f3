import Engine
import PluginAPI
import SQLText
import TestSupport
import Testing

/// How large chunks are, from one slice of an operation to the next.
@Suite(.database(template: "CREATE TABLE chunk (n serial, slice text, size bigint)"), .ownTime(.minutes(1)))
struct ChunkPaceTests {
  /// Three chunks a slice, each noting how many rows it was to take. They are quick: each may be twice the one before.
  private static let work = ChunkedWork(
    [
      """
      WITH noted AS (INSERT INTO chunk (slice, size) VALUES ($slice #>> '{}', $size) RETURNING 1), done AS (
        SELECT coalesce($cursor::int, 0) + (SELECT count(*) FROM noted)::int AS n)
      SELECT CASE WHEN n < 3 THEN to_jsonb(n) END AS cursor, 1 AS rows FROM done
      """
    ],
    slices: "SELECT to_jsonb(s) AS slice, 3::bigint AS total FROM unnest(ARRAY['a', 'b']) s", size: 10, target: .seconds(60))

  @Test("a slice begins with what the chunks of the one before have led to")
  func slices() async throws {
    let harness = try EngineHarness([.chunked(id: "c", title: "count", Self.work, undo: .nothing)])
    try await harness.applied()
    let sizes = try await TestDatabase.current.sql("SELECT string_agg(slice || size, ' ' ORDER BY n) FROM chunk").value
    #expect(sizes == "a10 a20 a40 b40 b80 b160")
  }

  @Test("a chunk that met a timeout is not tried again as large as it was")
  func failure() async throws {
    try await TestDatabase.current.script("""
      CREATE FUNCTION within(size bigint) RETURNS int LANGUAGE plpgsql AS $$
      BEGIN IF size > 40 THEN RAISE 'too large' USING ERRCODE = '55P03'; END IF; RETURN 1; END $$
      """)
    var strict = Self.work
    strict.statements[0] = """
      WITH noted AS (INSERT INTO chunk (slice, size) VALUES ($slice #>> '{}', $size) RETURNING within(size)), done AS (
        SELECT coalesce($cursor::int, 0) + (SELECT sum(within) FROM noted)::int AS n)
      SELECT CASE WHEN n < 4 THEN to_jsonb(n) END AS cursor, 1 AS rows FROM done
      """
    let harness = try EngineHarness([.chunked(id: "c", title: "count", strict, undo: .nothing)])
    try await harness.applied()
    let sizes = try await TestDatabase.current.sql("SELECT string_agg(slice || size, ' ' ORDER BY n) FROM chunk").value
    #expect(sizes == "a10 a20 a40 a10 b10 b20 b40 b10")
  }

  @Test("another operation begins anew")
  func operations() async throws {
    var once = Self.work
    once.slices = "SELECT to_jsonb('a'::text) AS slice, 3::bigint AS total"
    let harness = try EngineHarness(
      ["c", "d"].map { .chunked(id: $0, title: $0, once, undo: .nothing) })
    try await harness.applied()
    let sizes = try await TestDatabase.current.sql("SELECT string_agg(size::text, ' ' ORDER BY n) FROM chunk").value
    #expect(sizes == "10 20 40 10 20 40")
  }
}

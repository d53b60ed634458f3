import ChildProcess
import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// A table to be swapped, and PgBouncers in front of its database whose pools are paused for it.
struct PauseDesk {
  static let sample = """
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, v int, note text);
    INSERT INTO orders (at, v) SELECT '2025-01-01'::timestamptz + i * interval '1 hour', i FROM generate_series(1, 2000) i;
    ANALYZE;
    """

  /// `consoles`: how many of the desk's PgBouncers are paused; `more`: further keys of `with`.
  static func step(stall: String, deadline: String = "20s", consoles: Int = 1, more: String = "") -> String {
    let list = (0..<consoles).map { "\"${env:CONSOLE\($0 == 0 ? "" : "_\($0 + 1)")}\"" }.joined(separator: ", ")
    return """
        swap:
          uses: partition.swap
          max_stall: \(stall)
          retry: { attempts: 200, backoff: 20ms..200ms }
          with:
            table: public.orders
            by: at
            premake: 0
            default_partition: create
            cutover: { pause: [\(list)], pause_deadline: \(deadline) }
      \(more.isEmpty ? "" : "      \(more)")
      """
  }

  let project: Project
  /// The second and later ones are `CONSOLE_2` and so on.
  var poolers: [TestPooler]

  static func with(step: String, poolers count: Int = 1, _ body: (PauseDesk) async throws -> Void) async throws {
    let database = TestDatabase.current
    var environment = ["TARGET": database.url], poolers: [TestPooler] = []
    for place in 0..<count {
      let pooler = try await TestPooler.start(
        database.cluster, settings: ["default_pool_size": "20", "max_client_conn": "400"], databases: [database.name])
      environment[place == 0 ? "CONSOLE" : "CONSOLE_\(place + 1)"] = pooler.console
      poolers.append(pooler)
    }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(PauseDesk(project: try Project(step, environment: environment), poolers: poolers)))
    } catch { result = .failure(error) }
    for pooler in poolers { await pooler.stop() }
    try result.get()
  }

  static func isPartitioned() async throws -> Bool {
    try await TestDatabase.current.sql("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass").value == "p"
  }

  static func until(_ running: RunningCaisson, _ condition: () async throws -> Bool) async throws {
    try await TestSupport.until(running.output, condition)
  }

  /// A reader past the pool, whose lock keeps the swap waiting while the pools are paused.
  static func reader() async throws -> Connection {
    let reader = try await TestDatabase.current.connect()
    try await reader.script("BEGIN; SELECT count(*) FROM orders")
    return reader
  }
}

extension TestPooler {
  /// How long each pause of its pool lasted in milliseconds, by PgBouncer's own log and clock: from the PAUSE it was given to
  /// the RESUME. One that lasts has no end.
  func pauses(of name: String = TestDatabase.current.name) async throws -> [Int?] {
    let log = ServerFiles.read("\(folder)/log") ?? ""
    var lengths: [Int?] = []
    var began: Int?
    for line in log.split(separator: "\n") {
      guard let match = line.firstMatch(of: #/(\d\d):(\d\d):(\d\d)\.(\d{3}) .* (PAUSE|RESUME) '([^']*)' command issued/#),
        match.6 == name
      else { continue }
      let parts = [match.1, match.2, match.3, match.4].map { Int($0) ?? 0 }
      let at = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000 + parts[3]
      if match.5 == "PAUSE" {
        if began != nil { lengths.append(nil) }
        began = at
      } else if let start = began {
        // Past midnight.
        lengths.append((at - start + 86_400_000) % 86_400_000)
        began = nil
      }
    }
    return lengths + (began == nil ? [] : [nil])
  }
}

/// pgbench through a pool, a row each transaction, until it is told to end.
struct PoolLoad {
  let pid: Int32
  let log: String

  static func start(_ pooler: TestPooler, clients: Int, folder: String) async throws -> PoolLoad {
    let script = """
      \\set id random(1, 2000)
      BEGIN;
      UPDATE orders SET v = v + 1 WHERE id = :id;
      INSERT INTO orders (at, v, note) VALUES ('2025-02-02', 0, 'new');
      COMMIT;

      """
    try ServerFiles.write(script, to: "\(folder)/load.sql", owner: nil)
    let pgbench = try await ServerPrograms.find().path("pgbench")
    let pid = try Command([
      pgbench, "-n", "-M", "simple", "-c", String(clients), "-j", "2", "-T", "280", "-R", "300", "-h", "127.0.0.1", "-p",
      String(pooler.port), "-U", "postgres", "-f", "\(folder)/load.sql", TestDatabase.current.name,
    ]).startDetached(log: "\(folder)/load.log")
    _ = try await eventually { try await pooler.admin("SHOW CLIENTS").count > clients }
    return PoolLoad(pid: pid, log: "\(folder)/load.log")
  }

  /// How many of its clients are connected.
  func clients(of pooler: TestPooler) async throws -> Int {
    try await pooler.admin("SHOW CLIENTS").count { $0["database"] == TestDatabase.current.name }
  }

  /// How many transactions there were, and what failed. SIGALRM is its own end of time.
  func end() async throws -> (count: Int, problem: String?) {
    kill(pid, SIGALRM)
    var status: CInt = 0
    while waitpid(pid, &status, WNOHANG) == 0 { try await Task.sleep(for: .milliseconds(20)) }
    let text = ServerFiles.read(log) ?? ""
    let isClean = status == 0 && !text.contains("abort") && !text.contains("ERROR") && text.contains("failed transactions: 0 ")
    let count = text.firstMatch(of: #/transactions actually processed: (\d+)/#).flatMap { Int($0.1) }
    return (count ?? 0, isClean && count != nil ? nil : String(text.suffix(2_000)))
  }
}

import ChildProcess
import Glibc
import JSONText
import PostgresClient
import Sandbox
import Synchronization
import TestSupport
import Testing

/// A plan with one environment in a folder of its own, on the database of the running test.
final class Project: Sendable {
  let folder: String
  let database = TestDatabase.current
  private let environment: [String: String]
  private let started = Atomic(0)

  /// `steps` stands under `steps:`; the target is `${env:TARGET}` unless said otherwise.
  init(
    _ steps: String, target: String = "${env:TARGET}", more: String = "", environment: [String: String]? = nil
  ) throws {
    folder = try TemporaryFolder.make(prefix: "caisson-project")
    self.environment = environment ?? ["TARGET": TestDatabase.current.url]
    try write("caisson: 1\nplan: shop\nsteps:\n\(steps)\n", to: "plan.yaml")
    try write("environment: staging\nplan: plan.yaml\ntarget: \(target)\n\(more)\n", to: "staging.yaml")
  }

  deinit {
    for name in FolderNames.all(in: folder) { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }

  func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
    try ServerFiles.write(text, to: "\(folder)/\(name)", mode: mode, owner: nil)
  }

  var file: String { "\(folder)/staging.yaml" }

  /// Runs a command on this environment: `run("journal check", "-o", "json")`.
  @discardableResult
  func run(
    _ command: String, _ options: String..., env: [String: String] = [:]
  ) async throws -> (exit: Int32, stdout: String, stderr: String) {
    try await runCaisson(
      command.split(separator: " ").map(String.init) + [file] + options, env: environment.merging(env) { $1 })
  }

  /// The data of a command as JSON; the command must have ended well.
  func json(_ command: String, _ options: String...) async throws -> JSON {
    let words = command.split(separator: " ").map(String.init) + [file] + options + ["--output", "json"]
    let result = try await runCaisson(words, env: environment)
    #expect(result.exit == 0, "\(command): \(result.stderr)")
    return try JSON(parsing: result.stdout)
  }

  /// Starts a command and goes on.
  func start(
    _ command: String, _ options: String..., env: [String: String] = [:]
  ) throws -> RunningCaisson {
    let log = "\(folder)/output-\(started.wrappingAdd(1, ordering: .relaxed).newValue).log"
    let pid = try Command(
      [CaissonProgram.path()] + command.split(separator: " ").map(String.init) + [file] + options,
      additions: environment.merging(env) { $1 }
    ).startDetached(log: log)
    return RunningCaisson(pid: pid, log: log)
  }

  /// Polls a query until it returns true.
  func until(_ query: String) async throws {
    try await database.until(query)
  }
}

/// A `caisson` in the background.
struct RunningCaisson {
  let pid: Int32
  let log: String

  func signal(_ number: Int32) { kill(pid, number) }

  /// Its exit code; negative: the signal that ended it.
  func wait() async -> Int32 {
    var status: CInt = 0
    while waitpid(pid, &status, WNOHANG) == 0 { try? await Task.sleep(for: .milliseconds(20)) }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }

  var output: String { ServerFiles.read(log) ?? "" }

  /// What `ps` shows of it.
  var commandLine: String { (ServerFiles.read("/proc/\(pid)/cmdline") ?? "").replacing("\u{0}", with: " ") }
}

enum Sample {
  /// A table whose rows take a while to change, so that something can happen meanwhile.
  static func slowTable(rows: Int) -> String {
    """
    CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, made_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g FROM generate_series(1, \(rows)) g;
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END';
    CREATE TRIGGER dawdle BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION dawdle();
    ANALYZE t;
    """
  }

  static let table = """
    CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, made_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g FROM generate_series(1, 1000) g; ANALYZE t;
    """

  static let batch = """
      fill:
        uses: data.batch
        with: { table: t, set: { n: n + 1 }, where: n = 0, chunk: 20ms, keep_undo: true }
    """
}

import ChildProcess
import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport

/// The plan of `EveryKind` in a folder of its own, on a database of its own, run by `caisson-test`.
final class CutFolder: Sendable {
  let folder: String
  let cluster: TestCluster
  let database: String
  /// Who judges asks a dozen questions a round: on one session, or half of all the sessions of a proof would be his.
  private let judge: ConnectionPool

  init(_ cluster: TestCluster, database: String, plan: String) throws {
    self.cluster = cluster
    self.database = database
    judge = ConnectionPool(cluster.target(database: database), limit: 1)
    folder = try TemporaryFolder.make(prefix: "caisson-cut")
    let defaults = "defaults: { retry: { attempts: 30, backoff: 20ms..200ms } }"
    var files = EveryKind.files
    files["plan.yaml"] = "caisson: 1\nplan: every-kind\n\(defaults)\nsteps:\n\(plan)\n"
    files["staging.yaml"] = "environment: staging\nplan: plan.yaml\ntarget: ${env:TARGET}\n"
    for (name, text) in files { try ServerFiles.write(text, to: "\(folder)/\(name)", mode: 0o644, owner: nil) }
  }

  func remove() async {
    await judge.close()
    try? await TemporaryFolder.remove(folder)
  }

  // MARK: Running

  /// Starts `apply` or `rollback` over that port.
  func start(_ verb: String, port: Int, environment: [String: String] = [:]) throws -> RunningCaisson {
    let log = "\(folder)/output.log"
    unlink(log)
    let target = cluster.server.networkTarget(database: database, port: port).secret
    let pid = try Command(
      [CaissonProgram.path("caisson-test"), verb, "staging.yaml"],
      additions: environment.merging(["TARGET": target]) { $1 }, directory: folder
    ).startDetached(log: log)
    return RunningCaisson(pid: pid, log: log)
  }

  /// Undisturbed, to its end; what went wrong, if anything.
  func finish(_ verb: String) async throws -> [String] {
    let running = try start(verb, port: cluster.port)
    guard let exit = await running.wait(milliseconds: 90_000) else {
      running.signal(SIGKILL)
      _ = await running.wait()
      return ["\(verb) again: hangs\n\(running.output)"]
    }
    return exit == 0 ? [] : ["\(verb) again: exit \(exit)\n\(running.output)"]
  }

  // MARK: Judging

  func query(_ text: String) async throws -> [[String?]] {
    do {
      return try await judge.withConnection { try await $0.query(SQL(verbatim: text)).rows.map(\.values) }
    } catch let error as PostgresError where error.kind == .connection {
      // The session of before a crash of the server says so once.
      return try await judge.withConnection { try await $0.query(SQL(verbatim: text)).rows.map(\.values) }
    }
  }

  /// Rows, catalog and files, as lines.
  func state() async throws -> [String] {
    let rows = try await query(EveryKind.fingerprint).map { $0.map { $0 ?? "NULL" }.joined(separator: ": ") }
    let ours: Set = ["plan.yaml", "staging.yaml", "output.log"]
    let files = FolderNames.all(in: folder).filter { !ours.contains($0) }.map { name in
      var about = stat()
      lstat("\(folder)/\(name)", &about)
      let text = about.st_mode & S_IFMT == S_IFREG ? ServerFiles.read("\(folder)/\(name)") ?? "" : "folder or link"
      return "file \(name.replacing(#/before-[0-9a-f]+/#, with: "before-RUN")) \(about.st_mode & 0o777): \(text)"
    }
    return rows + files.sorted()
  }

  /// What a run leaves when nothing is lost, doubtful or still at work: nothing of this.
  func flaws(run state: String, sessionsMayStay: Bool = false) async throws -> [String] {
    var flaws: [String] = []
    for (name, text) in Self.questions {
      let rows = try await query(text)
      if !rows.isEmpty { flaws.append("\(name): \(rows.map { $0.map { $0 ?? "NULL" } })") }
    }
    let states = try await query("SELECT DISTINCT state FROM caisson.run")
    if states != [[state]] { flaws.append("run: \(states)") }
    let looks: [(String, Look)] = [("sessions left", sessions), ("processes left", processes)]
    for (what, look) in looks.dropFirst(sessionsMayStay ? 1 : 0) {
      var left = try await look()
      for _ in 0..<100 where !left.isEmpty {
        try await Task.sleep(for: .milliseconds(50))
        left = try await look()
      }
      if !left.isEmpty { flaws.append("\(what): \(left)") }
    }
    return flaws
  }

  private typealias Look = () async throws -> [String]

  private static let questions = [
    ("journal check", "SELECT code, step, detail FROM caisson.check_journal()"),
    ("chain", "SELECT seq, wrong FROM caisson.verify_chain()"),
    ("doubts", "SELECT step, operation, state FROM caisson.task WHERE state IN ('in_doubt', 'intent', 'blocked', 'running')"),
    ("attempts without outcome", "SELECT step, attempt FROM caisson.attempt WHERE outcome IS NULL"),
    ("invalid indexes", "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"),
  ]

  private func sessions() async throws -> [String] {
    try await query(
      """
      SELECT application_name || ' ' || state || ' ' || query FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'caisson:%'
      """
    ).map { $0[0] ?? "" }
  }

  /// Programs that a step started, and the one that started them, work in this folder.
  private func processes() -> [String] {
    FolderNames.all(in: "/proc").filter { Int32($0) != nil }.filter { pid in
      guard let place = realpath("/proc/\(pid)/cwd", nil) else { return false }
      defer { free(place) }
      return String(cString: place) == folder
    }
  }
}

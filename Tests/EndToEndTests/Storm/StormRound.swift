import Glibc
import PostgresClient
import SQLText
import Sandbox
import TestSupport
import Testing

/// One seeded round: a command started again and again, killed after a random delay, until it comes to its end.
struct StormRound {
  let project: Project
  let seed: Int
  /// A connection string of the database the plan works on.
  let target: ConnectionString

  struct Result: Sendable {
    var kills = 0
    var starts = 0
  }

  /// `most`: after that many kills it is left alone.
  func storm(_ command: String, within longest: Int, most: Int, _ random: inout SeededRandom) async throws -> Result {
    var result = Result()
    while true {
      let running = try project.start(command)
      result.starts += 1
      let delay = Int.random(in: 0...longest, using: &random)
      let exit = await running.wait(milliseconds: result.kills < most ? delay : 90_000)
      if let exit {
        try #require(exit == 0, "seed \(seed), \(command), start \(result.starts): exit \(exit)\n\(running.output)")
        return result
      }
      running.signal(SIGKILL)
      _ = await running.wait()
      try #require(result.kills < most, "seed \(seed): \(command) hangs\n\(running.output)")
      result.kills += 1
    }
  }

  // MARK: Judging

  func query(_ text: String) async throws -> [[String?]] {
    let connection = try await Connection.connect(target)
    let result = try await connection.query(SQL(verbatim: text))
    let rows = result.rows.map(\.values)
    await connection.close()
    return rows
  }

  func fingerprint() async throws -> [String] {
    try await query(StormSample.fingerprint).map { $0.map { $0 ?? "NULL" }.joined(separator: ": ") }
  }

  /// Nothing in doubt, nothing open, the chain whole, no session left.
  func expectSound(_ state: String) async throws {
    #expect(try await query("SELECT code, step, detail FROM caisson.check_journal()") == [], "seed \(seed)")
    #expect(try await query("SELECT seq, wrong FROM caisson.verify_chain()") == [], "seed \(seed)")
    let doubts = "SELECT step, state FROM caisson.task WHERE state IN ('in_doubt', 'intent', 'blocked')"
    #expect(try await query(doubts) == [], "seed \(seed)")
    #expect(try await query("SELECT DISTINCT state FROM caisson.run") == [[state]], "seed \(seed)")
    let invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
    #expect(try await query(invalid) == [], "seed \(seed)")
    var left: [[String?]] = []
    _ = try await eventually {
      left = try await query(
        """
        SELECT application_name, state, query FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'caisson:%'
        """)
      return left.isEmpty
    }
    #expect(left == [], "seed \(seed)")
  }
}

extension RunningCaisson {
  /// Its exit code, or `nil` when it is still running after that time.
  func wait(milliseconds: Int) async -> Int32? {
    let end = ContinuousClock.now + .milliseconds(milliseconds)
    var status: CInt = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      if ContinuousClock.now >= end { return nil }
      try? await Task.sleep(for: .milliseconds(3))
    }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }
}

/// How the database looks before, and after a run that nobody disturbed, and how long that took.
struct Undisturbed: Sendable {
  let before: [String]
  let after: [String]
  let milliseconds: Int

  static let shared = Task { try await Undisturbed.measure() }

  private static func measure() async throws -> Undisturbed {
    try await TestDatabase.with(template: StormSample.database) { database in
      let project = try Project(StormSample.steps, environment: ["TARGET": database.url])
      let round = StormRound(project: project, seed: 0, target: database.target)
      let before = try await round.fingerprint()
      let started = ContinuousClock.now
      let applied = try await project.run("apply", env: ["TARGET": database.url])
      let spent = (ContinuousClock.now - started).components
      try #require(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
      let after = try await round.fingerprint()
      return Undisturbed(
        before: before, after: after,
        milliseconds: Int(spent.seconds * 1_000 + spent.attoseconds / 1_000_000_000_000_000))
    }
  }
}

public import PluginAPI

/// Pools of this database, by the admin consoles of the PgBouncers that have them: what pauses and resumes them.
public struct PoolerPause: Sendable {
  /// One pool.
  public struct Pool: Sendable, Hashable {
    public var console: Secret
    /// As the console calls it.
    public var name: String

    public init(console: Secret, name: String) {
      self.console = console
      self.name = name
    }
  }

  /// What stands in the way.
  public struct Refused: Error { public var findings: [Finding] }

  public let pools: [Pool]

  /// `names`: those pools; empty: every pool of the target's database.
  public static func find(
    _ consoles: [Secret], names: [String] = [], _ facts: any Facts, at range: SourceRange
  ) async throws -> PoolerPause {
    let database = try await facts.rows("SELECT current_database()").first?[0] ?? ""
    var pools: [Pool] = [], findings: [Finding] = []
    for console in consoles {
      do {
        let shown = try await facts.admin("SHOW DATABASES", on: console).filter { $0["name"] != "pgbouncer" }
        let found = shown.compactMap { row -> String? in
          guard let name = row["name"] else { return nil }
          return names.isEmpty ? (row["database"] == database ? name : nil) : (names.contains(name) ? name : nil)
        }
        pools += found.map { Pool(console: console, name: $0) }
        findings += missing(names.isEmpty ? [database] : names, found, shown, console, range)
      } catch {
        findings.append(
          .refusal(
            "pooler.console", "\(error)", choices: ["start that PgBouncer, or take its console out of the list"], at: range))
      }
    }
    guard findings.isEmpty else { throw Refused(findings: findings) }
    return PoolerPause(pools: pools)
  }

  private static func missing(
    _ wanted: [String], _ found: [String], _ shown: [Row], _ console: Secret, _ range: SourceRange
  ) -> [Finding] {
    let absent = found.isEmpty ? wanted : wanted.filter { !found.contains($0) && shown.contains(where: { $0["name"] != nil }) }
    guard found.isEmpty || absent.count == wanted.count else { return [] }
    let names = shown.compactMap { $0["name"] }
    let near = absent.first.flatMap { Spelling.nearest(to: $0, in: names) }.map { ["did you mean the pool `\($0)`?"] } ?? []
    return [
      .refusal(
        "pooler.pool", "the PgBouncer of \(console) has no pool of \(absent.joined(separator: ", "))",
        choices: near + [
          "a line of its own in its [databases]: a pool that a wildcard makes is there only while it is in use",
          "take its console out of the list",
        ], at: range)
    ]
  }

  /// One after the other: clients wait from the first on. Each PAUSE waits for the transactions of its pool to end.
  public func pausing(within limit: TimeSpan, undo: Bool = false) -> [Operation] {
    let resume = resuming()
    return pools.enumerated().map { place, pool in
      .admin(
        id: "pause-\(place + 1)", title: "pause the pool \(pool.name)",
        work("PAUSE", pool, paused: true, timeout: limit), undo: undo ? .operations([resume[place]]) : .nothing)
    }
  }

  public func resuming() -> [Operation] {
    pools.enumerated().map { place, pool in
      .admin(
        id: "resume-\(place + 1)", title: "resume the pool \(pool.name)",
        work("RESUME", pool, paused: false, timeout: .seconds(10)), undo: .nothing)
    }
  }

  /// With the pools paused. `stall`: how long clients may wait for the PAUSE; `deadline`: for all of it.
  public func around(_ operation: Operation, stall: TimeSpan, deadline: TimeSpan, undo: Undo) -> Operation {
    let names = pools.map(\.name).joined(separator: ", ")
    return .bracket(
      id: "\(operation.id)-paused", title: "with \(names) paused: \(operation.title)",
      BracketWork(open: pausing(within: stall), body: [operation], close: resuming(), deadline: deadline), undo: undo)
  }

  private func work(_ verb: String, _ pool: Pool, paused: Bool, timeout: TimeSpan) -> AdminWork {
    // Names on the console are quoted as identifiers are.
    AdminWork(
      console: pool.console, command: "\(verb) \(Quoting.identifier(pool.name))",
      probe: AdminWork.Probe("SHOW DATABASES", row: ["name": pool.name], column: "paused", value: paused ? "1" : "0"),
      timeout: timeout)
  }

  /// Clients that wait longer than their pooler lets them are thrown out: that is a failed transaction.
  public func patience(for deadline: TimeSpan, _ facts: any Facts, at range: SourceRange) async throws -> [Finding] {
    var findings: [Finding] = []
    for console in Set(pools.map(\.console)).sorted(by: { $0.description < $1.description }) {
      let shown = try await facts.admin("SHOW CONFIG", on: console)
      let text = shown.first { $0["key"] == "query_wait_timeout" }?["value"] ?? "0"
      guard let seconds = Double(text), seconds > 0, seconds * 1000 < Double(deadline.milliseconds) else { continue }
      findings.append(
        .warning(
          "pooler.query_wait", "clients of \(console) are thrown out after \(text)s (query_wait_timeout), and the pool may be paused"
            + " for \(deadline)", choices: ["query_wait_timeout above \(deadline)", "a shorter deadline"], at: range))
    }
    return findings
  }
}

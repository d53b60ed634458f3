import Sandbox
import TestSupport

/// What an undisturbed run looks like from the proxy: every point there is, and the states to be compared with.
struct CutEnumeration: Sendable {
  let plan: String
  private let pooler: TestPooler
  let before: [String]
  let after: [String]
  let undone: [String]
  let forward: [CutPoint]
  let backward: [CutPoint]

  static let shared = Task { try await CutEnumeration.record() }

  private static func record() async throws -> CutEnumeration {
    return try await TestDatabase.with(template: EveryKind.database) { database in
      // As long as this process: every round's command speaks to it.
      let pooler = try await TestPooler.start(database.cluster)
      let plan = try EveryKind.plan(console: pooler.console)
      let folder = try CutFolder(database.cluster, database: database.name, plan: plan)
      let before = try await folder.state()
      let forward = try await points(of: "apply", in: folder)
      let after = try await folder.state()
      let flaws = try await folder.flaws(run: "succeeded")
      let backward = try await points(of: "rollback", in: folder)
      let undone = try await folder.state()
      let left = try await flaws + folder.flaws(run: "rolled_back")
      // Not a failed expectation: every test that waits for this has to fail.
      guard left.isEmpty else { throw SandboxError("undisturbed: \(left)") }
      await folder.remove()
      return CutEnumeration(
        plan: plan, pooler: pooler, before: before, after: after, undone: undone, forward: forward, backward: backward)
    }
  }

  private static func points(of verb: String, in folder: CutFolder) async throws -> [CutPoint] {
    let proxy = try CuttingProxy(to: folder.cluster.port)
    defer { proxy.stop() }
    let running = try folder.start(verb, port: proxy.port)
    let exit = await running.wait(milliseconds: 60_000)
    guard exit == 0 else { throw SandboxError("\(verb), undisturbed: exit \(exit ?? 0)\n\(running.output)") }
    return proxy.points
  }

  // MARK: Rounds

  /// Every way to be cut off at every point of a command: process killed, or only the connection lost, before and after
  /// the statement; where a transaction ends, also while the server is at it.
  static func rounds(_ verb: String, _ points: [CutPoint]) -> [CutRound] {
    points.flatMap { point -> [CutRound] in
      let moments: [CutMoment] = point.ends ? [.unanswered, .unsent, .orphaned, .abandoned] : [.unanswered, .unsent]
      return [CutRound.Way.killed, .alone].flatMap { way in
        moments.map { CutRound(verb: verb, point: point, moment: $0, way: way) }
      }
    }
  }

  /// A forward round, and a rollback's after it.
  struct Pair: Sendable {
    var forward: CutRound?
    var backward: CutRound?
  }

  static func pairs(_ forward: [CutRound], _ backward: [CutRound]) -> [Pair] {
    (0..<max(forward.count, backward.count)).map { place in
      Pair(
        forward: place < forward.count ? forward[place] : nil, backward: place < backward.count ? backward[place] : nil)
    }
  }

  /// Runs both and says what is wrong, and how many of the points were met.
  func run(_ pair: Pair) async throws -> (met: Int, problems: [String]) {
    try await TestDatabase.with(template: EveryKind.database) { database in
      let folder = try CutFolder(database.cluster, database: database.name, plan: plan)
      let result = try await run(pair, in: folder)
      await folder.remove()
      return result
    }
  }

  func run(_ pair: Pair, in folder: CutFolder) async throws -> (met: Int, problems: [String]) {
    var met = 0, problems: [String] = []
    if let round = pair.forward {
      let result = try await folder.run(round)
      met += result.reached ? 1 : 0
      problems += result.problems.map { "\(round): \($0)" }
    } else {
      problems += try await folder.finish("apply")
    }
    problems += try await judge(folder, after, "succeeded").map { "\(pair.forward.map { "\($0)" } ?? ""): \($0)" }
    guard problems.isEmpty, let round = pair.backward else { return (met, problems) }
    let result = try await folder.run(round)
    problems += result.problems.map { "\(round): \($0)" }
    problems += try await judge(folder, undone, "rolled_back").map { "\(round): \($0)" }
    return (met + (result.reached ? 1 : 0), problems)
  }

  private func judge(_ folder: CutFolder, _ wanted: [String], _ run: String) async throws -> [String] {
    let state = try await folder.state()
    var problems = try await folder.flaws(run: run)
    if state != wanted {
      let lost = wanted.filter { !state.contains($0) }, more = state.filter { !wanted.contains($0) }
      problems.append("another end: lost \(lost), more \(more)")
    }
    return problems
  }
}

extension CutEnumeration {
  /// Killed at that point of the forward run, then rolled back instead of resumed.
  func runHalfway(_ round: CutRound) async throws -> (met: Int, problems: [String]) {
    try await TestDatabase.with(template: EveryKind.database) { database in
      let folder = try CutFolder(database.cluster, database: database.name, plan: plan)
      let result = try await runHalfway(round, in: folder)
      await folder.remove()
      return result
    }
  }

  private func runHalfway(_ round: CutRound, in folder: CutFolder) async throws -> (met: Int, problems: [String]) {
    let reached = try await folder.cut(round)
    var problems: [String] = []
    if try await folder.hasBegun("apply") {
      problems += try await folder.finish("rollback")
      problems += try await folder.flaws(run: "rolled_back")
    }
    let state = try await folder.state().filter { !$0.hasPrefix("touched") }
    if state != before {
      problems.append("lost \(before.filter { !state.contains($0) }), more \(state.filter { !before.contains($0) })")
    }
    let wrong = "SELECT tab, id FROM touched GROUP BY tab, id HAVING count(*) <> 2 OR sum(change) <> 0"
    let changes = try await folder.query(wrong)
    if !changes.isEmpty { problems.append("not taken back once: \(changes)") }
    return (reached ? 1 : 0, problems.map { "halfway \(round): \($0)" })
  }
}

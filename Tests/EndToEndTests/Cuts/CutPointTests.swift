import Glibc
import TestSupport
import Testing

/// Every point at which a run can be cut off, in both directions. `CAISSON_CUTS=all` takes all of them, otherwise every
/// COMMIT and a sample whose seed is `CAISSON_CUT_SEED`; `CAISSON_CUT_SHARD=i/n` takes every n-th,
/// `CAISSON_CUT_WAY=killed` those that kill the process, `alone` those that lose a connection.
@Suite(.serialized, .database) struct CutPointTests {
  @Test("cut off anywhere, the end is that of an undisturbed run: nothing lost, repeated or in doubt")
  func everywhere() async throws {
    let all = try await CutEnumeration.shared.value
    let forward = CutEnumeration.rounds("apply", all.forward)
    let backward = CutEnumeration.rounds("rollback", all.backward)
    let choice = CutChoice.fromEnvironment
    if choice.isListed { for point in all.forward + all.backward { print("point: \(point)") } }
    let pairs = CutEnumeration.pairs(choice.of(forward), choice.of(backward))
    let met = try await CutEnumeration.sideBySide(pairs) { try await all.run($0) }
    let chosen = pairs.reduce(0) { $0 + ($1.forward == nil ? 0 : 1) + ($1.backward == nil ? 0 : 1) }
    print("cut points: \(chosen) of \(forward.count + backward.count) points, \(met) met "
      + "(\(all.forward.count) statements forward, \(all.backward.count) in rollback)")
    // What the clock decides, a heartbeat or a second look, does not come in every run.
    #expect(met * 10 >= chosen * 9 - 10)
  }

  @Test("the answer to the COMMIT that makes the run is lost: the command goes on with that run")
  func made() async throws {
    let all = try await CutEnumeration.shared.value
    let place = try #require(all.forward.firstIndex { $0.words.contains("caisson.create_run") })
    let commit = try #require(all.forward[place...].first { $0.words == "COMMIT" })
    let round = CutRound(verb: "apply", point: commit, moment: .unanswered, way: .alone)
    let result = try await all.run(CutEnumeration.Pair(forward: round))
    #expect(result.problems == [])
    #expect(result.met == 1)
  }
}

/// Half a run, taken back.
@Suite(.database) struct CutAndRolledBackTests {
  @Test("killed anywhere and then rolled back, everything is as it was before, and every change was taken back once")
  func halfway() async throws {
    let all = try await CutEnumeration.shared.value
    let rounds = all.forward.map { CutRound(verb: "apply", point: $0, moment: .unanswered, way: .killed) }
    let chosen = CutChoice.fromEnvironment.of(rounds, certain: { _ in false })
    let met = try await CutEnumeration.sideBySide(chosen) { try await all.runHalfway($0) }
    print("cut and rolled back: \(chosen.count) of \(rounds.count) points, \(met) met")
    #expect(met * 10 >= chosen.count * 9 - 10)
  }
}

/// What only the server's own clocks can end.
@Suite(.database) struct VanishedClientTests {
  @Test("a client that vanishes without a word in the middle of a transaction does not keep the next one waiting for ever")
  func vanished() async throws {
    let all = try await CutEnumeration.shared.value
    let inTransaction = try #require(all.forward.first { $0.words.hasPrefix("ALTER TABLE public.account ADD COLUMN") })
    let round = CutRound(verb: "apply", point: inTransaction, moment: .blackholed, way: .killed)
    let result = try await all.run(CutEnumeration.Pair(forward: round))
    #expect(result.problems == [])
    #expect(result.met == 1)
  }
}

/// The server dies at a COMMIT: before it has come, or when it is done and nobody has been told.
@Suite(.serialized, .database) struct CrashedCommitTests {
  @Test("the server crashes at a COMMIT and starts again: the command goes on by itself to the same end")
  func crashed() async throws {
    let all = try await CutEnumeration.shared.value
    let rounds = [("apply", all.forward), ("rollback", all.backward)].map { verb, points in
      points.filter(\.isCommit).flatMap { point in
        [CutMoment.unsent, .unanswered].map { CutRound(verb: verb, point: point, moment: $0, way: .crashed) }
      }
    }
    var choice = CutChoice.fromEnvironment
    choice.sample /= 6
    let pairs = CutEnumeration.pairs(
      choice.of(rounds[0], certain: { _ in false }), choice.of(rounds[1], certain: { _ in false }))
    let cluster = try await TestCluster.start()
    var met = 0, chosen = 0
    for (place, pair) in pairs.enumerated() {
      let database = "crash_\(place)"
      try await cluster.sql("CREATE DATABASE \(id: database)")
      let session = try await cluster.connect(database: database)
      try await session.script(EveryKind.database)
      await session.close()
      let folder = try CutFolder(cluster, database: database, plan: all.plan)
      let result = try await all.run(pair, in: folder)
      await folder.remove()
      #expect(result.problems == [])
      met += result.met
      chosen += (pair.forward == nil ? 0 : 1) + (pair.backward == nil ? 0 : 1)
    }
    try await cluster.stop()
    print("server crashes: \(chosen) of \(rounds[0].count + rounds[1].count) points, \(met) met")
    #expect(met * 10 >= chosen * 9 - 10)
  }
}

/// Which of the enumerated points are taken.
struct CutChoice {
  var isAll: Bool
  var seed: Int
  var sample: Int
  var shard: (Int, Int)
  var way: CutRound.Way?
  /// `CAISSON_CUT_LIST`: the points are printed.
  var isListed = false

  static var fromEnvironment: CutChoice {
    let shard = value("CAISSON_CUT_SHARD").split(separator: "/").compactMap { Int($0) }
    return CutChoice(
      isAll: value("CAISSON_CUTS") == "all", seed: Int(value("CAISSON_CUT_SEED")) ?? 3,
      sample: Int(value("CAISSON_CUTS")) ?? 20, shard: shard.count == 2 ? (shard[0], shard[1]) : (1, 1),
      way: CutRound.Way(rawValue: value("CAISSON_CUT_WAY")), isListed: !value("CAISSON_CUT_LIST").isEmpty)
  }

  private static func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

  /// A COMMIT that was executed and never answered, the process killed.
  static let killedCommit: @Sendable (CutRound) -> Bool = {
    $0.point.isCommit && $0.moment == .unanswered && $0.way == .killed
  }

  /// The shard's part: all of it, or what is `certain` and a sample of the rest.
  func of(_ rounds: [CutRound], certain: (CutRound) -> Bool = CutChoice.killedCommit) -> [CutRound] {
    let rounds = rounds.filter { way == nil || $0.way == way }
    let mine = rounds.enumerated().filter { $0.offset % max(1, shard.1) == (shard.0 - 1) % max(1, shard.1) }.map(\.element)
    if isAll { return mine }
    var random = SeededRandom(seed)
    return mine.filter(certain) + mine.filter { !certain($0) }.shuffled(using: &random).prefix(sample)
  }
}

extension CutEnumeration {
  /// Several at a time; each problem is an issue. The number of points met.
  static func sideBySide<Item: Sendable>(
    _ items: [Item], width: Int = 4, _ body: @escaping @Sendable (Item) async throws -> (met: Int, problems: [String])
  ) async throws -> Int {
    try await withThrowingTaskGroup(of: (met: Int, problems: [String]).self) { group in
      var met = 0, waiting = items[...]
      for item in waiting.prefix(width) { group.addTask { try await body(item) } }
      waiting = waiting.dropFirst(width)
      while let result = try await group.next() {
        met += result.met
        for problem in result.problems { Issue.record("\(problem)") }
        if let item = waiting.popFirst() { group.addTask { try await body(item) } }
      }
      return met
    }
  }
}

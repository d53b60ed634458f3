import FoundationEssentials
import RunModel
import Testing

/// The protocol of the journal, run in memory by several workers that die, sleep and lose answers, in orders that seeds
/// decide. `CAISSON_SIMULATIONS=1000000` runs more than the usual number, `CAISSON_SEED=n` begins elsewhere.
@Suite struct SimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["CAISSON_SIMULATIONS"].flatMap { Int($0) } ?? 20_000
  private static let seed = environment["CAISSON_SEED"].flatMap { Int($0) } ?? 0

  @Test("whatever dies, nothing is lost, repeated or stuck")
  func holds() async throws {
    let halves = [Self.seed..<(Self.seed + Self.count / 2), (Self.seed + Self.count / 2)..<(Self.seed + Self.count)]
    let tally = await withTaskGroup(of: Tally.self) { group in
      for half in halves { group.addTask { Tally(seeds: half) } }
      return await group.reduce(into: Tally()) { $0.add($1) }
    }
    #expect(tally.broken.isEmpty, "\(tally.broken.sorted { $0.seed < $1.seed }.prefix(5))")
    #expect(tally.ended["succeeded", default: 0] > Self.count / 2)
    #expect(tally.ended["rolled_back", default: 0] > Self.count / 20)
    print("\(Self.count) simulated runs from seed \(Self.seed), \(tally.actions) actions: \(tally.ended)")
  }

  @Test("a fault in the protocol is found within ten thousand runs", arguments: Fault.allCases)
  func fault(_ fault: Fault) {
    let found = (0..<10_000).lazy.compactMap { Tally.violation(seed: $0, fault) }.first
    #expect(found != nil)
    #expect(found.map { fault.breaks.contains($0.invariant) } ?? true, "\(String(describing: found))")
  }

  @Test("a seed is a schedule: the same run twice")
  func repeats() throws {
    for seed in 0..<50 {
      var first = Simulation(seed: seed), second = Simulation(seed: seed)
      #expect(try first.run() == second.run())
      #expect(first.journal.sequence == second.journal.sequence)
    }
  }
}

/// What a range of seeds came to.
private struct Tally: Sendable {
  var ended: [String: Int] = [:]
  var actions = 0
  var broken: [(seed: Int, what: String)] = []

  init() {}

  init(seeds: Range<Int>) {
    for seed in seeds {
      var simulation = Simulation(seed: seed)
      do {
        actions += try simulation.run()
        ended[simulation.journal.rows[0].run.rawValue, default: 0] += 1
      } catch {
        broken.append((seed, "\(error)"))
      }
    }
  }

  mutating func add(_ other: Tally) {
    ended.merge(other.ended, uniquingKeysWith: +)
    actions += other.actions
    broken += other.broken
  }

  static func violation(seed: Int, _ fault: Fault) -> Violation? {
    var simulation = Simulation(seed: seed, fault: fault)
    do {
      _ = try simulation.run()
      return nil
    } catch {
      return error as? Violation
    }
  }
}

extension Fault {
  /// By which invariants it may show.
  fileprivate var breaks: Set<Invariant> {
    switch self {
    case .leaseFenceNotCompared: [.leaseEarly]
    case .readinessNotProven: [.needsUnmet]
    case .runReadBeforeLock, .rollbackSettledUnready: [.runUnfinished, .needsUnmet, .undoOrder]
    case .takeoverInOneStatement: [.taskFence, .attemptOpen, .attemptMissing, .taskDoubt]
    case .workWithoutFence: [.workFenced, .workCounted, .taskUnfinished, .taskChunks]
    case .doubtNotProbed, .intentForgotten: [.workSideBySide]
    case .undoClaimedUnready: [.undoOrder, .needsUnmet, .runUnfinished]
    case .undoOrderNotProven: [.undoOrder]
    case .gateNotAsked: [.gateClosed]
    case .rideTrustsStep: [.workCounted, .workFenced]
    }
  }
}

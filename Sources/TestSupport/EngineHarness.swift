package import Engine
import Journal
package import PlanModel
package import PluginAPI
package import PostgresClient
import RunModel
import Synchronization

/// A plan in memory, run by the engine in this process against the test's database.
package struct EngineHarness: Sendable {
  package let resolved: ResolvedPlan
  package let database: TestDatabase
  package let registry: StepRegistry
  package let events = EventLog()
  package let stop = StopSignal()
  /// Where the evidence is read that the environment requires.
  package var evidence: ConnectionString?

  /// `steps`: what stands under `steps:`, indented by two. `named`: the environment.
  package init(
    _ steps: String, registry: StepRegistry, database: TestDatabase = .current, named: String = "staging",
    environment: String = ""
  ) throws {
    let plan = "caisson: 1\nplan: test\nsteps:\n\(steps)\n"
    let file = "environment: \(named)\nplan: plan.yaml\ntarget: ${file:url}\n\(environment)\n"
    let files = MemoryFiles([
      "plan.yaml": Array(plan.utf8), "staging.yaml": Array(file.utf8), "url": Array(database.url.utf8),
    ])
    resolved = try PlanLoader(registry, files: files).load(PlanRequest(path: "staging.yaml", checksSecrets: false))
    self.database = database
    self.registry = registry
  }

  /// `overNetwork`: through TCP instead of the socket; `pooler`: through it, the direct way for sessions unless that is
  /// not known. `hearing`: hears every event as well. `cluster`: its `postgres` instead of the test's database.
  package func runner(
    on cluster: TestCluster? = nil, width: Int = 4, stop: StopSignal? = nil, overNetwork: Bool = false, pooler: TestPooler? = nil,
    isDirectKnown: Bool = true, guardian: String? = nil, hearing: @escaping Reporter = { _ in }
  ) -> Runner {
    let direct = cluster.map { $0.target() } ?? (overNetwork ? database.networkTarget : database.target)
    var address = TargetAddress(
      name: resolved.environment.targetName, connection: pooler?.target(database: database.name) ?? direct,
      session: pooler == nil || !isDirectKnown ? nil : direct, role: resolved.environment.role,
      lease: resolved.environment.lease.duration)
    if let evidence { address.evidence = { evidence } }
    return Runner(
      resolved, target: Target(address), registry: registry, width: width, stop: stop ?? self.stop,
      guardian: guardian ?? (try? CaissonProgram.path()) ?? GuardianLink.ownProgram,
      reporter: { [events] in
        events.append($0)
        hearing($0)
      })
  }

  /// States of the latest run's steps, by step.
  package func states() async throws -> [String: String] {
    try await database.withConnection { connection in
      let reader = JournalReader(connection)
      let run = try await reader.latestRun(plan: resolved.plan.name, environment: resolved.environment.name)
      let steps = try await reader.steps(run: run?.id ?? "")
      return Dictionary(uniqueKeysWithValues: steps.map { ($0.step, $0.state.rawValue) })
    }
  }
}

extension EngineHarness {
  /// Rows of `(code, step, detail)` that contradict the journal's invariants, and breaks of the event chain.
  package func flaws() async throws -> [String] {
    try await database.withConnection { connection in
      let problems = try await JournalCheck.run(on: connection).map(\.description)
      let audit = try await Audit.run(on: connection)
      return problems + audit.flaws.map { "\($0.seq): \($0.wrong)" }
    }
  }
}

/// What the engine reported, in order.
package final class EventLog: Sendable {
  private let events = Mutex<[EngineEvent]>([])
  package func append(_ event: EngineEvent) { events.withLock { $0.append(event) } }
  package var all: [EngineEvent] { events.withLock { $0 } }

  /// As text, for questions about what was said.
  package var text: String { all.map { "\($0)" }.joined(separator: "\n") }

  /// Waits until an event's text contains `words`.
  package func says(_ words: String) async -> Bool { await eventually { text.contains(words) } }
}

import JSONText
package import Journal
import PluginAPI
import PostgresClient
package import RunModel
import SQLText

/// Everything the journal knows about a run, read in one snapshot.
package struct RunChronicle: Sendable {
  package let run: RunRecord
  let plan: PlanRecord
  let steps: [StepRecord]
  let attempts: [AttemptRecord]
  let programs: [CompiledProgram]
  let tasks: [TaskRecord]
  let gates: [GateRecord]
  let events: [EventRecord]
  /// Of so many; more than a page holds are left out in the middle, and the page says so.
  let eventCount: Int
  let dossier: RunDossier
  /// `nil`: not verified, for this reason.
  let audit: Result<Audit, NotVerified>

  /// Why nothing is said about the chain of events.
  struct NotVerified: Error, Sendable { let reason: String }

  /// What a phase compiled to; `operations` is `nil` where a newer engine wrote what this one cannot read.
  struct CompiledProgram: Sendable {
    let record: ProgramRecord
    let operations: [PluginAPI.Operation]?
  }

  /// A browser still scrolls so many without a thought.
  private static let mostEvents = 20_000

  package static func read(_ run: RunRecord, from reader: JournalReader) async throws -> RunChronicle {
    // The chain is verified by itself: on a long journal that takes a while, and a snapshot is in everybody's way.
    let audit = await verify(reader)
    _ = try await reader.connection.batch([
      "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", "SET LOCAL TimeZone = 'UTC'",
    ])
    do {
      let report = try await RunChronicle(run.id, reader, audit)
      _ = try await reader.connection.query("COMMIT")
      return report
    } catch {
      await reader.connection.rollback()
      throw error
    }
  }

  private init(_ id: String, _ reader: JournalReader, _ audit: Result<Audit, NotVerified>) async throws {
    guard let run = try await reader.run(id), let plan = try await reader.plan(hash: run.planHash) else {
      throw JournalError(.unreadable, "run \(id) was pruned meanwhile", hint: "`caisson history` lists what is there")
    }
    self.run = run
    self.plan = plan
    self.audit = audit
    steps = try await reader.steps(run: id)
    attempts = try await reader.attempts(run: id)
    programs = try await reader.programs(run: id).map {
      CompiledProgram(record: $0, operations: try? $0.operations.decoded())
    }
    tasks = try await reader.tasks(run: id)
    gates = try await reader.gates(run: id)
    dossier = try await reader.dossier(run: id)
    eventCount = try await reader.eventCount(of: id)
    let half = Self.mostEvents / 2
    let first = try await reader.events(run: id, limit: eventCount <= 2 * half ? 2 * half : half)
    events = eventCount <= 2 * half ? first : first + (try await reader.lastEvents(of: id, limit: half))
  }

  private static func verify(_ reader: JournalReader) async -> Result<Audit, NotVerified> {
    do {
      return .success(try await Audit.run(on: reader.connection))
    } catch let error as PostgresError {
      return .failure(NotVerified(reason: "it could not be read (SQLSTATE \(error.sqlState ?? "none"))"))
    } catch {
      return .failure(NotVerified(reason: "it could not be read"))
    }
  }
}

extension RunChronicle {
  /// `shop-staging-1a2b3c4d.html`
  package var fileName: String {
    let safe = { (name: String) in
      String(
        String.UnicodeScalarView(
          name.unicodeScalars.map { scalar in
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_"
              ? scalar : "_"
          }))
    }
    return "\(safe(run.plan))-\(safe(run.environment))-\(run.id.prefix(8)).html"
  }

  /// The run's steps with their states.
  package var graph: StepGraph {
    get throws { try StepGraph(run, steps) }
  }
}

extension StepGraph {
  /// The steps of a run as the journal has them.
  package init(_ run: RunRecord, _ steps: [StepRecord]) throws(Graph.Failure) {
    let nodes = steps.map { step in
      Node(
        id: step.step, kind: step.kind, needs: step.needs, state: step.state, isIrreversible: step.irreversible,
        reason: step.state == .done ? nil : step.reason)
    }
    try self.init(title: "\(run.plan) on \(run.environment), run \(run.id.prefix(8)): \(run.state.mark.word)", nodes)
  }
}

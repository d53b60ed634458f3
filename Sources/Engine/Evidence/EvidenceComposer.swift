import Digest
import Journal
import JSONText
package import PlanModel
import PlanSchema
package import PluginAPI
import PostgresClient
package import RunModel
import SQLText

/// Puts together what a run has proven, from its journal: no secrets, no rows, no persons.
struct EvidenceComposer {
  let registry: StepRegistry
  let connection: Connection

  /// `nil`: the run has not succeeded, is a firing's, or has its evidence already.
  func evidence(of run: String) async throws -> Evidence? {
    guard let row = try await connection.query(Self.head(run)).rows.first else { return nil }
    let resolved = try ResolvedPlan(frozen: try JSON(parsing: try row.string("resolved")), releaseHash: try row.string("release"))
    var body = JSONObject([
      ("caisson_evidence", .int(Int64(Evidence.version))), ("id", .string(Self.id(of: run))), ("run", .string(run)),
      ("plan", .string(resolved.plan.name)), ("release_hash", .string(resolved.releaseHash)),
      ("plan_hash", .string(try row.string("plan"))), ("environment", .string(resolved.environment.name)),
      ("target", .string(try row.string("target"))), ("identity", try JSON(parsing: try row.string("identity"))),
      ("engine_version", .string(EngineVersion.text)), ("plugins", plugins(of: resolved.plan)),
      ("server_version", .int(Int64(connection.serverVersion))),
      ("started_at", .string(Moment(microseconds: try row.int64("started")).iso)),
      ("finished_at", .string(Moment(microseconds: try row.int64("finished")).iso)),
      ("rollback_rehearsed", .bool(try row.bool("rehearsed"))),
    ])
    body["steps"] = .object(JSONObject(try await steps(of: run, resolved.plan)))
    return try Evidence(body: Evidence.settled(.object(body)))
  }

  /// One for each run, whoever writes it.
  static func id(of run: String) -> String {
    let digits = Array(SHA256.hex(of: "caisson evidence of run \(run)").prefix(32))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }

  private func plugins(of plan: Plan) -> JSON {
    let used = Set(plan.steps.map(\.uses))
    let names = registry.plugins.filter { plugin in plugin.kinds.contains { used.contains($0.name) } }.map { $0.name }
    return .object(JSONObject(names.sorted().map { ($0, .string(EngineVersion.text)) }))
  }

  // MARK: Steps

  private func steps(of run: String, _ plan: Plan) async throws -> [(String, JSON)] {
    let rows = try await connection.query(Self.steps(run)).rows
    return try rows.compactMap { row in
      guard let step = plan[try row.string("step")] else { return nil }
      return (step.id, .object(try proof(step, row)))
    }
  }

  private func proof(_ step: PlanStep, _ row: Row) throws -> JSONObject {
    let demand = EvidenceDemand.Step(step, registry)
    let spec = demand.shape.withoutTuning(demand.spec)
    let outcome = Self.outcome(try row.string("state"), row["done_by"])
    var object = JSONObject([
      ("uses", .string(step.uses)), ("spec", spec), ("spec_hash", .string(SHA256.hex(of: spec.canonical))),
      ("files", .object(JSONObject(step.files.map { ($0.path, .string($0.sha256)) }))), ("outcome", .string(outcome.rawValue)),
      ("seconds", .double(try row.double("seconds"))), ("rows", .double(try row.double("rows"))),
      ("attempts", .int(try row.int64("attempts"))), ("operations", .int(try row.int64("operations"))),
      ("verify", try JSON(parsing: try row.string("verify"))),
      ("results", try JSON(parsing: try row.string("results"))),
    ])
    object["max_stall_ms"] = try row["stall"].map { _ in .double(try row.double("stall")) }
    object["measures"] = try row["measures"].map { try JSON(parsing: $0) }
    if !step.needs.isEmpty { object["needs"] = .array(step.needs.map(JSON.string)) }
    object["schedule"] = step.schedule?.json
    if outcome == .skipped { object["skip_reason"] = row["reason"].map(JSON.string) }
    if let origin = row["origin"] {
      object["origin"] = [
        "run": .string(origin), "release_hash": .string(try row.string("origin_release")),
        "finished_at": .string(Moment(microseconds: try row.int64("origin_at")).iso),
      ]
    }
    return object
  }

  /// What a probe has found done, this engine has begun.
  private static func outcome(_ state: String, _ by: String?) -> StepProof.Outcome {
    guard state == StepState.done.rawValue else { return .skipped }
    switch by.flatMap(DoneBy.init) {
    case .engine, .probe: return .executed
    case .carried: return .carried
    case .person, nil: return .person
    }
  }

  // MARK: Queries

  private static func head(_ run: String) -> SQL {
    """
    SELECT p.resolved, encode(p.plan_hash, 'hex') AS plan, encode(p.release_hash, 'hex') AS release, r.target,
      (extract(epoch FROM r.created_at) * 1000000)::bigint AS started,
      (extract(epoch FROM r.finished_at) * 1000000)::bigint AS finished,
      jsonb_build_object('journal_id', m.journal_id, 'system_id', m.system_id, 'database_oid', m.database_oid::bigint,
        'database', current_database()) AS identity,
      EXISTS (SELECT FROM caisson.run x JOIN caisson.plan y USING (plan_hash) WHERE y.release_hash = p.release_hash
        AND x.target = r.target AND x.state = 'rolled_back' AND x.created_at <= r.created_at)
        OR EXISTS (SELECT FROM caisson.event e WHERE e.kind = \(EventKind.planRehearsed.rawValue)
          AND e.data ->> 'release_hash' = encode(p.release_hash, 'hex')) AS rehearsed
    FROM caisson.run r JOIN caisson.plan p USING (plan_hash), caisson.meta m
    WHERE r.run_id = \(run)::uuid AND r.state = 'succeeded' AND r.variant = '' AND r.target = m.target_name
      AND NOT EXISTS (SELECT FROM caisson.evidence v WHERE v.evidence_id = \(id(of: run))::uuid)
    """
  }

  /// A step that was carried over has its origin in the latest run of this target that executed the same.
  private static func steps(_ run: String) -> SQL {
    """
    SELECT s.step, s.state, s.done_by, s.reason, a.attempts, coalesce(m.seconds, a.seconds) AS seconds,
      t.rows, t.operations, m.stall_ms AS stall, m.measures, t.verify, t.results,
      o.run_id AS origin, encode(o.release_hash, 'hex') AS origin_release, o.at AS origin_at
    FROM caisson.step s JOIN caisson.run r USING (run_id) JOIN caisson.plan p USING (plan_hash)
    CROSS JOIN LATERAL (SELECT count(*) AS attempts, coalesce(sum(extract(epoch FROM a.ended_at - a.started_at)), 0) AS seconds
      FROM caisson.attempt a WHERE a.run_id = s.run_id AND a.step = s.step AND a.direction = 'forward') a
    CROSS JOIN LATERAL (SELECT coalesce(sum(t.done_rows), 0) AS rows,
        count(*) FILTER (WHERE t.kind <> 'observe' AND t.state = 'done') AS operations,
        coalesce(jsonb_agg(t.title ORDER BY t.task) FILTER (WHERE t.kind = 'observe' AND t.state = 'done'), '[]') AS verify,
        coalesce(jsonb_object_agg(t.operation, t.result) FILTER (WHERE t.kind = 'observe' AND t.state = 'done'
          AND t.result IS NOT NULL), '{}') AS results
      FROM caisson.task t WHERE t.run_id = s.run_id AND t.step = s.step AND t.direction = 'forward') t
    LEFT JOIN LATERAL (SELECT x.run_id, y.release_hash, (extract(epoch FROM e.changed_at) * 1000000)::bigint AS at
      FROM caisson.step e JOIN caisson.run x ON x.run_id = e.run_id JOIN caisson.plan y ON y.plan_hash = x.plan_hash
      WHERE s.done_by = 'carried' AND e.step = s.step AND e.spec_hash = s.spec_hash AND e.state = 'done'
        AND e.done_by IN ('engine', 'probe') AND y.name = p.name AND y.environment = p.environment AND x.target = r.target
        AND x.variant = '' AND x.created_at < r.created_at
      ORDER BY x.created_at DESC LIMIT 1) o ON true
    LEFT JOIN LATERAL (SELECT m.seconds, m.stall_ms, jsonb_strip_nulls(jsonb_build_object('seconds', m.seconds,
        'busy_seconds', m.busy_seconds, 'wal_bytes', m.wal_bytes, 'disk_bytes', m.disk_bytes, 'work', m.work,
        'relations', (SELECT coalesce(jsonb_object_agg(k.key, k.value - 'oid'), '{}') FROM jsonb_each(m.relations) k))) AS measures
      FROM caisson.measure m WHERE m.run_id = coalesce(o.run_id, s.run_id) AND m.step = s.step
        AND m.direction = 'forward' AND m.ended_at IS NOT NULL) m ON true
    WHERE s.run_id = \(run)::uuid ORDER BY s.ord, s.step
    """
  }
}

extension EvidenceDemand.Step {
  /// Without the tokens of private variables: they differ from run to run, and nobody outside needs them.
  package init(_ step: PlanStep, _ registry: StepRegistry) {
    let kind = registry[step.uses]
    self.init(
      id: step.id, uses: step.uses, spec: PrivateTokens.removed(from: step.withJSON), shape: kind.map { Self.parameters(of: $0) } ?? .any,
      files: Dictionary(step.files.map { ($0.path, $0.sha256) }, uniquingKeysWith: { first, _ in first }),
      needs: step.needs, schedule: step.schedule?.json, isGate: kind?.isGate ?? false)
  }

  private static func parameters<Kind: StepKind>(of kind: Kind.Type) -> Shape { Kind.Parameters.shape }
}

import Catalog
import OnlineDDL
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// From parameters and catalog to the operations of `data.batch`.
struct BatchCompiler {
  let wanted: DataBatch.Parameters
  let runTag: String
  let facts: any Facts

  func program() async throws -> Program {
    var findings = BatchExpressions.findings(wanted)
    guard let table = try await BatchTable.read(wanted.table, facts) else {
      return Program(findings: findings + [try await unknown(wanted.table, at: wanted.$table)])
    }
    let target = try await readTarget(&findings)
    let inspection = BatchInspection(wanted: wanted, table: table, target: target)
    findings += inspection.findings
    guard let key = inspection.key, wanted.insertInto == nil || target != nil,
      !findings.contains(where: { $0.code == "sql.syntax" })
    else { return Program(findings: findings) }
    let plan = BatchPlan(wanted: wanted, table: table, target: target, key: table.keyset(key), runTag: runTag)
    if !findings.contains(where: { $0.severity == .refusal }), let refusal = try await attempt(plan) {
      findings.append(refusal)
    }
    return Program(findings: findings, operations: plan.operations, privileges: plan.privileges)
  }

  private func readTarget(_ findings: inout [Finding]) async throws -> BatchTable? {
    guard let insertion = wanted.insertInto else { return nil }
    if let target = try await BatchTable.read(insertion.table, facts) { return target }
    findings.append(try await unknown(insertion.table, at: insertion.$table))
    return nil
  }

  private func unknown(_ name: QualifiedName, at place: SourceRange) async throws -> Finding {
    let near = Spelling.nearest(to: name.name, in: try await BatchTable.namesakes(of: name, facts))
    return .refusal(
      "batch.table", "there is no table \(name)",
      choices: near.map { ["did you mean \(QualifiedName(name.schema, $0))?"] } ?? ["create it in an earlier step"],
      at: place)
  }

  /// The server's own word on names and types, from its planner; nothing runs.
  private func attempt(_ plan: BatchPlan) async throws -> Finding? {
    guard let refused = try await facts.attempt("EXPLAIN " + plan.explainable) else { return nil }
    return .refusal(
      "batch.statement", "the server refuses the chunk's statement: \(refused.message)",
      choices: ["correct the expressions"], at: wanted.set == nil ? wanted.$where : wanted.$set)
  }
}

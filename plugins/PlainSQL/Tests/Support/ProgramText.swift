import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// A program as text, for snapshots and for people who review them.
struct ProgramText {
  let program: Program

  var text: String {
    let findings = program.findings.map {
      "\($0.severity.rawValue) \($0.code): \($0.message)" + $0.choices.map { "\n    · \($0)" }.joined()
    }
    let privileges = program.privileges.map { "needs \($0.need)" }
    return (findings + privileges + program.operations.map { ProgramText.operation($0, "") }).joined(separator: "\n")
      + "\n"
  }

  private static func operation(_ operation: Operation, _ indent: String) -> String {
    var lines = ["\(operation.work.kind) \(operation.id): \(operation.title)"]
    if let unless = operation.unless { lines.append("  unless \(unless)") }
    lines += operation.locks.map { "  lock \($0.mode.rawValue) \($0.relation)" }
    lines += work(operation.work)
    switch operation.undo {
    case .nothing: lines.append("  undo nothing")
    case .irreversible(let reason): lines.append("  irreversible: \(reason)")
    case .recompile(let phase): lines.append("  undo recompiles \(phase)")
    case .operations(let list):
      lines.append("  undo")
      lines += list.map { ProgramText.operation($0, indent + "    ") }
    }
    return lines.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) }
      .map { $0.hasPrefix(indent) && !indent.isEmpty ? String($0) : indent + $0 }.joined(separator: "\n")
  }

  private static func work(_ work: Work) -> [String] {
    switch work {
    case .transaction(let work):
      return settings(work.settings)
        + work.statements.map { sql($0.sql) + ($0.expect == .any ? "" : "\n  -- expects \($0.expect)") }
    case .autocommit(let work):
      return settings(work.settings) + [sql(work.statement)] + [work.probe.map { "  probe " + $0.text } ?? "  no probe"]
        + (work.lockTimeout.map { ["  lock timeout \($0)"] } ?? [])
    case .chunked(let work):
      var lines = settings(work.settings) + ["  chunks of \(work.target), \(work.workers) workers"]
      if let slices = work.slices { lines.append("  slices\n" + sql(slices)) }
      if let total = work.total { lines.append("  total\n" + sql(total)) }
      return lines + work.statements.map { sql($0) }
    case .observe(let work): return work.queries.map { "  \($0.name) expects \($0.expect)\n" + sql($0.sql) }
    default: return ["  \(work.kind)"]
    }
  }

  private static func settings(_ settings: [Setting]) -> [String] { settings.map { "  set \($0.name) = \($0.value)" } }

  private static func sql(_ sql: SQL) -> String {
    sql.text.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
  }
}

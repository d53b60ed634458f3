import JSONText
package import PluginAPI

/// A program as lines of text, for snapshots.
package enum ProgramText {
  package static func of(_ program: Program) -> String {
    var lines = program.findings.flatMap(finding)
    lines += program.gates.map { "gate \($0)" }
    for operation in program.operations { lines += text(operation, indent: "") }
    if !program.carry.isNull { lines.append("carry: \(program.carry.text)") }
    return lines.joined(separator: "\n")
  }

  private static func finding(_ finding: Finding) -> [String] {
    let place = finding.range.map { " at \($0.start.line):\($0.start.column)" } ?? ""
    return ["\(finding.severity.rawValue) \(finding.code)\(place): \(finding.message)"]
      + finding.choices.map { "  or: \($0)" }
  }

  private static func text(_ operation: Operation, indent: String) -> [String] {
    var lines = ["\(indent)\(operation.work.kind) \(operation.id): \(operation.title)"]
    let inner = indent + "  "
    if operation.unless != nil { lines.append("\(inner)unless: a query") }
    lines += operation.locks.map { "\(inner)lock: \($0.mode.rawValue) on \($0.relation)" }
    lines += operation.held.map { "\(inner)resource: \($0.name) (\($0.mode))" }
    lines += work(operation.work, indent: inner)
    switch operation.undo {
    case .nothing: break
    case .operations(let undo):
      lines.append("\(inner)undo:")
      lines += undo.flatMap { text($0, indent: inner + "  ") }
    case .recompile(let phase): lines.append("\(inner)undo: recompile \(phase)")
    case .irreversible(let reason): lines.append("\(inner)irreversible: \(reason)")
    }
    return lines
  }

  private static func work(_ work: Work, indent: String) -> [String] {
    switch work {
    case .transaction(let work):
      settings(work.settings, indent) + work.entry.map { "\(indent)entry: \($0.printed)" }
        + work.statements.map { "\(indent)sql: \($0.sql.printed)" }
    case .autocommit(let work):
      settings(work.settings, indent) + ["\(indent)sql: \(work.statement.printed)"]
        + work.cleanup.map { "\(indent)cleanup: \($0.printed)" } + (work.probe == nil ? ["\(indent)no probe"] : [])
    case .observe(let work):
      (work.deadline.map { ["\(indent)until a query, deadline \($0)"] } ?? [])
        + work.queries.map { "\(indent)query \($0.name)" }
    case .parallel(let work): work.members.flatMap { text($0, indent: indent) }
    case .export(let work):
      ["\(indent)to: \(work.path) (\(work.isFolder ? "folder of " : "")\(work.format.rawValue))"]
        + work.prelude.map { "\(indent)before: \($0.printed)" }
        + work.queries.map { "\(indent)query \($0.name): \($0.sql.printed)" }
    case .admin(let work):
      ["\(indent)command: \(work.command)"]
        + (work.probe.map { ["\(indent)probe: \($0.show), \($0.column) = \($0.value)"] } ?? ["\(indent)no probe"])
    case .bracket(let work):
      ["\(indent)deadline: \(work.deadline)"]
        + [("open", work.open), ("body", work.body), ("close", work.close)].flatMap { name, part in
          ["\(indent)\(name):"] + part.flatMap { text($0, indent: indent + "  ") }
        }
    case .chunked(let work):
      settings(work.settings, indent) + work.entry.map { "\(indent)entry: \($0.printed)" }
        + work.statements.map { "\(indent)chunk: \($0.printed)" }
    case .process(let work):
      ["\(indent)argv: \(work.arguments.joined(separator: " "))"]
        + (work.probe.map { ["\(indent)probe: \($0.joined(separator: " "))"] } ?? [])
        + (work.expect.map { ["\(indent)prints: \($0)"] } ?? [])
    case .file: []
    }
  }

  private static func settings(_ settings: [Setting], _ indent: String) -> [String] {
    settings.map { "\(indent)set: \($0.name) = \($0.value)" }
  }
}

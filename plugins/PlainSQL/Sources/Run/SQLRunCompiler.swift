import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// Turns the texts of `sql.run` into operations; asks the server nothing.
struct SQLRunCompiler {
  let wanted: SQLRun.Parameters
  let up: Script
  let down: Script
  let groups: [StatementGroup]

  init(_ wanted: SQLRun.Parameters, server: Capabilities) {
    self.wanted = wanted
    up = Script(wanted.up, server: server)
    down = Script(wanted.down, server: server)
    groups = StatementGroup.groups(up.statements, wanted.transaction)
    verify = Script(wanted.verify, server: server)
  }

  private let verify: Script

  var program: Program {
    let probes = ProbeList(wanted.probe, at: wanted.$probe, for: groups)
    var findings = up.findings + down.findings + verify.findings + shapeFindings + probes.findings
    findings += verifyFindings
    let operations = operations(probes)
    if let finding = partialUndo { findings.append(finding) }
    return Program(findings: findings, operations: operations + verification)
  }

  private var shapeFindings: [Finding] {
    var findings: [Finding] = []
    if up.statements.isEmpty, up.findings.isEmpty {
      findings.append(.refusal("sql.empty", "`up` holds no statement", choices: ["write one"], at: wanted.$up))
    }
    if wanted.transaction == .always {
      findings += up.statements.filter(\.refusesTransaction).map {
        .refusal(
          "sql.refuses_transaction", "PostgreSQL refuses `\(Title.of($0.text))` inside a transaction",
          choices: ["transaction: auto runs it by itself", "a step of its own"], at: $0.range)
      }
    }
    if wanted.expectRows != nil, groups.last?.isTransaction == false {
      findings.append(
        .refusal(
          "sql.expect_rows", "the last statement of `up` runs by itself: it cannot be rolled back when the rows differ",
          choices: ["leave expect_rows out and check with `verify`"], at: wanted.$expectRows))
    }
    return findings
  }

  private func operations(_ probes: ProbeList) -> [Operation] {
    groups.enumerated().map { place, group in
      let id = groups.count == 1 ? "up" : "up-\(place + 1)"
      let rows = place == groups.count - 1 ? wanted.expectRows : nil
      return group.operation(id: id, probe: probes[place], expectRows: rows, undo: undo(of: place))
    }
  }

  private func undo(of place: Int) -> Undo {
    let group = groups[place]
    if group.leavesNothing && !(place == anchor) { return .nothing }
    if let reason = wanted.irreversible { return .irreversible(reason: reason) }
    guard !down.statements.isEmpty else { return .nothing }
    if hasOneDownEach {
      return .operations(downOperations(down.statements.filter { $0.entry == place }, "down-\(place + 1)"))
    }
    return place == anchor ? .operations(downOperations(down.statements, "down")) : .nothing
  }

  private func downOperations(_ statements: [Script.Statement], _ id: String) -> [Operation] {
    let groups = StatementGroup.groups(statements, wanted.transaction == .never ? .never : .auto)
    return groups.enumerated().map { place, group in
      group.operation(
        id: groups.count == 1 ? id : "\(id).\(place + 1)", probe: group.undoProbe, expectRows: nil, undo: .nothing)
    }
  }

  /// Undo runs in reverse order: what hangs on the first writing operation runs last, after all of it is taken back.
  private var anchor: Int? {
    groups.firstIndex { !$0.leavesNothing } ?? (wanted.down == nil ? nil : groups.indices.first)
  }

  private var hasOneDownEach: Bool {
    groups.count > 1 && wanted.down?.isList == true && wanted.down?.texts.count == groups.count
  }

  private var partialUndo: Finding? {
    guard wanted.down != nil, groups.count > 1, !hasOneDownEach else { return nil }
    return .warning(
      "sql.partial_undo",
      "`up` is \(groups.count) operations and may be rolled back after any of them: `down` runs as a whole, so"
        + " it must stand a part of `up` missing",
      choices: ["write `down` as a list of \(groups.count) texts, one per operation", "write IF EXISTS in `down`"],
      at: wanted.$down)
  }

  private var verifyFindings: [Finding] {
    verify.statements.compactMap { statement in
      guard let parsed = statement.parsed, !parsed.isReadOnly, parsed.node != "DoStmt" else { return nil }
      return .refusal(
        "sql.verify", "`\(Title.of(parsed.text))` writes: `verify` only looks",
        choices: ["a query that returns true", "a DO block that raises when something is wrong"], at: statement.range)
    }
  }

  private var verification: [Operation] {
    guard !verify.statements.isEmpty else { return [] }
    let queries = verify.statements.enumerated().map { place, statement in
      ObserveWork.Query(
        "verify-\(place + 1)", SQL(verbatim: statement.text),
        expect: statement.parsed?.node == "DoStmt" ? .any : .isTrue,
        message: "`\(Title.of(statement.text))` is not true")
    }
    return [.observe(id: "verify", title: "verify", ObserveWork(queries))]
  }
}

/// A statement in a progress line: on one line, constants left out, not too long.
enum Title {
  static func of(_ text: String) -> String {
    let shown = SQLParser.normalized(text) ?? text
    let line = shown.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > 72 ? line.prefix(71) + "…" : line
  }
}

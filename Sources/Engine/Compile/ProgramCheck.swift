import PlanModel
import PluginAPI
import SQLText

/// What a compiled program may not contain, whatever compiled it: refusals that name the operation.
struct ProgramCheck {
  let step: PlanStep

  func findings(_ program: Program) -> [Finding] {
    program.operations.flatMap { check($0, inBracket: false) } + program.everyLeaf.flatMap(secrets)
  }

  // MARK: Secrets

  /// A parameter is bound where PostgreSQL plans a query; what it calls a utility statement takes none.
  private func secrets(_ operation: Operation) -> [Finding] {
    var undo: [Operation] = []
    if case .operations(let operations) = operation.undo { undo = operations.flatMap(\.everyLeaf) }
    let statements = ([operation] + undo).flatMap(\.everyQuery).filter { !$0.secretReferences.isEmpty }
    return statements.compactMap { statement in
      // A constant in the place of each value: where none may be bound a parameter is no syntax either.
      let text = statement.pieces.map { $0.binds.isEmpty ? $0.text : "'x'" }.joined()
      guard let parsed = try? SQLParser.parse(text),
        let unfit = parsed.first(where: { !Self.planned.contains($0.node) })
      else { return nil }
      let references = Set(statement.secretReferences).sorted().joined(separator: ", ")
      return refusal(
        operation, "secret.unbindable", "binds \(references) in a statement that takes no values (\(unfit.node))",
        "bind it in a SELECT, INSERT, UPDATE or DELETE")
    }
  }

  private static let planned: Set = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]

  private func check(_ operation: Operation, inBracket: Bool) -> [Finding] {
    switch operation.work {
    case .parallel(let work): work.members.flatMap { check($0, inBracket: inBracket) }
    case .bracket(let work): bracket(operation, work, isNested: inBracket)
    case .export(let work): export(operation, work)
    case .admin(let work): admin(operation, work) + (inBracket ? [] : pause(operation, work))
    case .transaction, .autocommit, .chunked, .observe, .file, .process: []
    }
  }

  // MARK: Bracket

  private func bracket(_ operation: Operation, _ work: BracketWork, isNested: Bool) -> [Finding] {
    var findings: [Finding] = []
    if isNested {
      findings.append(
        refusal(operation, "bracket.nested", "stands inside another bracket", "put one after the other, or open both at once"))
    }
    if work.close.isEmpty {
      findings.append(refusal(operation, "bracket.close", "has nothing that closes it", "say what `close` does"))
    }
    if work.deadline <= .zero {
      findings.append(refusal(operation, "bracket.deadline", "has no deadline", "say how long it may be open"))
    }
    for edge in work.open + work.close where !edge.canBeEdge {
      findings.append(
        refusal(
          operation, "bracket.edge", "opens or closes with `\(edge.title)`, which is \(edge.work.kind)",
          "use transaction, autocommit, process or admin: a guardian without a journal has to be able to do it"))
    }
    return findings + (work.open + work.body + work.close).flatMap { check($0, inBracket: true) }
  }

  // MARK: Export

  private func export(_ operation: Operation, _ work: ExportWork) -> [Finding] {
    var findings: [Finding] = []
    if work.queries.isEmpty || (!work.isFolder && work.format != .json && work.queries.count != 1) {
      findings.append(
        refusal(
          operation, "export.queries", "has \(work.queries.count) queries for one \(work.format.rawValue) file",
          "export one query to a file, or several to a folder"))
    }
    if Set(work.queries.map(\.name)).count != work.queries.count {
      findings.append(refusal(operation, "export.names", "has two queries of one name", "name each of them differently"))
    }
    for statement in work.prelude where (try? SQLParser.parseOne(statement.text))?.node != "SelectStmt" {
      findings.append(
        refusal(operation, "export.prelude", "has `\(statement.printed)` before its queries", "use a SELECT there"))
    }
    for query in work.queries {
      if !isFileName(query.name) {
        findings.append(
          refusal(
            operation, "export.names", "has a query named `\(query.name)`", "use letters, digits, `_`, `-` and `.`"))
      }
      if !query.sql.binds.isEmpty {
        findings.append(
          refusal(
            operation, "export.values", "binds values in query `\(query.name)`, which COPY cannot take",
            "write them as literals, or have the export's prelude set what they ask for"))
      }
    }
    return findings
  }

  private func isFileName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && name != "manifest"
      && name.utf8.allSatisfy { byte in
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
          || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || "_-.".utf8.contains(byte)
      }
  }

  // MARK: Admin

  private func admin(_ operation: Operation, _ work: AdminWork) -> [Finding] {
    var findings: [Finding] = []
    if LiteralPassword.stands(in: work.console) {
      findings.append(
        refusal(
          operation, "secret.literal", "has a password in plain text", "write ${env:NAME} or ${file:path} in its place"))
    }
    let isOne = { (text: String) in !text.isEmpty && !text.contains { $0 == ";" || $0.isNewline } }
    if !isOne(work.command) {
      findings.append(refusal(operation, "admin.command", "is not one command", "make an operation of each"))
    }
    if let probe = work.probe, !isOne(probe.show) || !probe.show.uppercased().hasPrefix("SHOW ") {
      findings.append(refusal(operation, "admin.probe", "has a probe that is no SHOW command", "ask with SHOW"))
    }
    return findings
  }

  private func pause(_ operation: Operation, _ work: AdminWork) -> [Finding] {
    let verb = work.command.split(separator: " ").first.map { $0.uppercased() } ?? ""
    guard ["PAUSE", "SUSPEND", "DISABLE"].contains(verb) else { return [] }
    return [
      .warning(
        "admin.pause", "\(operation.title): \(verb) outlives a crash, and what comes next may wait behind it",
        choices: ["open a bracket with it, which is closed on every way out"], at: step.range)
    ]
  }

  private func refusal(_ operation: Operation, _ code: String, _ what: String, _ choice: String) -> Finding {
    .refusal(code, "\(operation.title): it \(what)", choices: [choice], at: step.range)
  }
}

import JSONText
import PlanSchema
import PluginAPI

/// The record itself: the seven headings of article 30(1), then every table, then what was done.
struct ProcessingRecord: Sendable {
  let wanted: GDPRReport.Parameters
  let map: ResolvedMap
  let standing: Standing

  struct Heading: Sendable {
    var letter: String
    var title: String
    var lines: [String]
  }

  var operations: [Operation] {
    [("record-md", ".md", markdown), ("record-json", ".json", json.text + "\n")].map { id, ending, content in
      Operation(
        id: id, title: "write \(wanted.to)\(ending)",
        work: .file(FileWork(path: wanted.to + ending, mode: 0o640, content: [.text(content)])), undo: .nothing)
    }
  }

  // MARK: Headings

  var headings: [Heading] {
    [
      Heading(letter: "a", title: "Controller", lines: controller),
      Heading(letter: "b", title: "Purposes", lines: wanted.purposes),
      Heading(letter: "c", title: "Data subjects and categories of data", lines: wanted.subjects + categories),
      Heading(letter: "d", title: "Recipients", lines: wanted.recipients.shown),
      Heading(letter: "e", title: "Transfers to third countries", lines: wanted.transfers.shown),
      Heading(letter: "f", title: "Time limits for erasure", lines: limits),
      Heading(letter: "g", title: "Security measures", lines: wanted.security),
    ]
  }

  private var controller: [String] {
    let who = wanted.controller
    return ["\(who.name), \(who.contact)"] + who.joint.map { "Joint controller: \($0)" }
      + [who.representative.map { "Representative: \($0)" }, who.officer.map { "Data protection officer: \($0)" }].compactMap { $0 }
  }

  private var personal: [MappedTable] { map.tables.filter { !$0.changed.isEmpty } }

  private var categories: [String] {
    personal.map { table in "\(table.name): \(table.changed.map(\.name).joined(separator: ", "))" }
  }

  private var limits: [String] {
    personal.map { table in "\(table.name): \((table.keep ?? wanted.keep).map { "\($0)" } ?? "")" }
  }

  // MARK: Markdown

  private var markdown: String {
    var lines = ["# Record of processing activities", "", "\(wanted.controller.name), as of \(standing.date). Article 30(1) GDPR.", ""]
    for heading in headings {
      lines += ["## (\(heading.letter)) \(heading.title)", ""] + heading.lines.map { "- \(inline($0))" } + [""]
    }
    lines += ["## Tables", "", "| table | basis | kept for | rows of a subject by | what becomes of the columns |", "|---|---|---|---|---|"]
    lines += map.tables.map(row) + ["", "## Last runs", ""]
    lines += standing.runs.isEmpty ? ["- None yet."] : standing.runs.map { "- \(inline(text(of: $0)))" }
    lines += ["", "## Legal holds", ""] + holds.map { "- \(inline($0))" }
    return lines.joined(separator: "\n") + "\n"
  }

  private func row(_ table: MappedTable) -> String {
    let cells = [
      "\(table.name)", table.basis ?? "", (table.keep ?? (table.changed.isEmpty ? nil : wanted.keep)).map { "\($0)" } ?? "",
      way(table), actions(table).map { "\($0.column): \($0.action)" }.joined(separator: ", "),
    ]
    return "| " + cells.map(inline).joined(separator: " | ") + " |"
  }

  private func way(_ table: MappedTable) -> String {
    if table.isSubject { return map.key.name }
    let ways = table.ways.map { $0.hops.map { $0.columns.joined(separator: "+") }.joined(separator: ".") }
    return (ways + (table.condition.map { [$0.text] } ?? [])).joined(separator: "; ")
  }

  private func actions(_ table: MappedTable) -> [(column: String, action: String)] {
    table.columns.filter(\.isChanged).flatMap { column -> [(String, String)] in
      if let action = column.action { return [(column.name, action.name.rawValue)] }
      return [(column.name, column.inside.map(\.action.name.rawValue).joined(separator: "+") + " inside")]
    }
  }

  private func text(of run: Standing.LastRun) -> String {
    "\(run.at) UTC: \(run.kind), step \(run.step) of \(run.plan)" + (run.subjects.map { ", \($0) done" } ?? "")
  }

  private var holds: [String] {
    guard let holds = standing.holds else { return ["Not named in the plan."] }
    return holds.isEmpty ? ["None."] : holds.map { "\($0.reason): \($0.count)" }
  }

  /// One line that no character of a name turns into something else.
  private func inline(_ text: String) -> String {
    text.reduce(into: "") { out, character in
      if character.isNewline { return out.append(" ") }
      if "\\|*_`<>[]".contains(character) { out.append("\\") }
      out.append(character)
    }
  }

  // MARK: JSON

  private var json: JSON {
    [
      "article": "30(1)", "date": .string(standing.date), "controller": .string(wanted.controller.name),
      "headings": .object(JSONObject(headings.map { ($0.letter, ["title": .string($0.title), "lines": $0.lines.json]) })),
      "tables": .array(map.tables.map(tableJSON)),
      "last_runs": .array(standing.runs.map { run in
        ["plan": .string(run.plan), "step": .string(run.step), "kind": .string(run.kind), "at": .string(run.at),
         "done": run.subjects.map { .int(Int64($0)) } ?? .null]
      }),
      "holds": standing.holds.map { .array($0.map { ["reason": .string($0.reason), "count": .int(Int64($0.count))] }) } ?? .null,
    ]
  }

  private func tableJSON(_ table: MappedTable) -> JSON {
    [
      "table": .string("\(table.name)"), "basis": table.basis.map(JSON.string) ?? .null,
      "keep": (table.keep ?? (table.changed.isEmpty ? nil : wanted.keep)).map { .string("\($0)") } ?? .null,
      "by": .string(way(table)),
      "columns": .object(JSONObject(actions(table).map { ($0.column, .string($0.action)) })),
    ]
  }
}

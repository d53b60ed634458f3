import JSONText
import PlanSchema
import PluginAPI
import TestSupport
import Testing
import YAMLTree

@testable import PlainSQL

@Suite("README and examples")
struct ReadmeTests {
  private var folder: String {
    #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
  }

  @Test("the parameter tables are those of the declarations")
  func tables() throws {
    let path = folder + "/README.md"
    let kept = try #require(TextFile.read(path))
    var text = kept
    for (name, fields) in [
      ("sql.run", SQLRun.Parameters.fields), ("data.batch", DataBatch.Parameters.fields),
      ("data.batch.insert_into", DataBatch.Insertion.fields), ("function.define", FunctionDefine.Parameters.fields),
    ] {
      text = try replacing("<!-- \(name) -->\n", in: text, with: table(fields))
    }
    try TextFile.compare(text, with: kept, at: path)
  }

  private func replacing(_ mark: String, in text: String, with table: String) throws -> String {
    let parts = text.split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(parts.count == 2, "the README has the mark \(mark)")
    let rest = parts[1].split(separator: "<!-- end -->", maxSplits: 1, omittingEmptySubsequences: false)
    try #require(rest.count == 2)
    return "\(parts[0])\(mark)\(table)<!-- end -->\(rest[1])"
  }

  private func table(_ fields: [KeyedField]) -> String {
    let rows = fields.map { keyed in
      let field = keyed.field
      let fallback =
        field.required ? "required" : field.fallback.map { $0.isNull ? "" : "`\($0.string ?? $0.text)`" } ?? ""
      return "| `\(keyed.key)`\(field.tuning ? " †" : "") | \(field.shape.title) | \(fallback) | \(field.help) |\n"
    }
    return "| parameter | type | default | meaning |\n|---|---|---|---|\n" + rows.joined()
  }

  @Test("every step of every example can be read", arguments: ["sql-run", "data-batch", "function-define"])
  func examples(name: String) throws {
    let path = folder + "/examples/\(name).yaml"
    let text = try #require(TextFile.read(path))
    let root = try #require(YAMLText(text, file: path).root)
    let steps = try #require(root["steps"]?.pairs)
    #expect(!steps.isEmpty)
    for step in steps {
      let kind = try #require(PlainSQLPlugin.kinds.first { $0.name == step.value["uses"]?.text })
      let node = try #require(step.value["with"])
      try read(kind, node)
    }
  }

  private func read<Kind: StepKind>(_ kind: Kind.Type, _ node: Node) throws {
    var report = Diagnostics()
    let parameters = Kind.Parameters.read(node, &report)
    #expect(parameters != nil && report.items.isEmpty, "\(report.render())")
    // What is frozen in the journal reads as what was written.
    let json = try #require(parameters).json
    #expect(try Kind.Parameters.read(json: json).json == json)
  }
}

@testable import MaterializedView
import FoundationEssentials
import PluginAPI
import TestSupport
import Testing

@Suite("documentation")
struct ReadmeTests {
  private static let folder = String(#filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 })

  @Test("the README's parameter tables are those of the declarations")
  func tables() throws {
    let path = Self.folder + "/README.md"
    let kept = try String(contentsOfFile: path, encoding: .utf8)
    var text = kept
    for kind in MaterializedViewPlugin.kinds { text = replaced(text, kind.name, table(of: kind)) }
    guard text != kept else { return }
    if ProcessInfo.processInfo.environment["CAISSON_RECORD"] == "1" {
      try Data(text.utf8).write(to: URL(filePath: path))
    } else {
      Issue.record("README.md is not current; CAISSON_RECORD=1 writes it")
    }
  }

  @Test("every example is read by its step")
  func examples() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder + "/examples").filter { $0.hasSuffix(".yaml") }
    #expect(!files.isEmpty)
    for file in files {
      let text = try String(contentsOfFile: Self.folder + "/examples/" + file, encoding: .utf8)
      let root = try #require(YAMLText(text, file: file).root, "\(file)")
      for step in root["steps"]?.pairs ?? [] {
        let name = try #require(step.value["uses"]?.text)
        let kind = try #require(MaterializedViewPlugin.kinds.first { $0.name == name }, "\(name)")
        var report = Diagnostics()
        #expect(read(kind, try #require(step.value["with"]), &report), "\(file): \(report.render())")
      }
    }
  }

  private func read(_ kind: any StepKind.Type, _ node: Node, _ report: inout Diagnostics) -> Bool {
    func read<Kind: StepKind>(_ kind: Kind.Type) -> Bool { Kind.Parameters.read(node, &report) != nil }
    return read(kind)
  }

  private func table(of kind: any StepKind.Type) -> String {
    func all<Kind: StepKind>(_ kind: Kind.Type) -> String { rows(Kind.Parameters.fields, under: "") }
    return "| parameter | type | default | meaning |\n|---|---|---|---|\n" + all(kind)
  }

  private func rows(_ fields: [KeyedField], under prefix: String) -> String {
    fields.map { keyed in
      let field = keyed.field
      let fallback = field.required ? "required" : field.fallback.map { $0.isNull ? "" : "`\($0.text)`" } ?? ""
      let line = "| `\(prefix)\(keyed.key)`\(field.tuning ? " †" : "") | \(field.shape.title) | \(fallback) | \(field.help) |\n"
      guard case .object(let inner) = field.shape else { return line }
      return line + rows(inner, under: prefix + keyed.key + ".")
    }.joined()
  }

  /// Between `<!-- name -->` and `<!-- /name -->`.
  private func replaced(_ text: String, _ name: String, _ table: String) -> String {
    guard let start = text.firstRange(of: "<!-- \(name) -->\n"), let end = text.firstRange(of: "<!-- /\(name) -->")
    else { return text + "\n<!-- \(name) -->\n\(table)<!-- /\(name) -->\n" }
    return text[..<start.upperBound] + table + text[end.lowerBound...]
  }
}

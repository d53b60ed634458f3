import ChildProcess
import JSONText
package import PluginAPI
import PlanSchema
import Sandbox
package import Testing
import YAMLTree

/// What a plugin's README and examples say, held against its declarations.
package struct PluginDocuments {
  private let folder: String
  private let kinds: [any StepKind.Type]

  /// For a test file directly under the plugin's `Tests`.
  package init(_ plugin: any Plugin.Type, file: String = #filePath) {
    folder = file.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
    kinds = plugin.kinds
  }

  /// The tables between `<!-- name -->` and `<!-- /name -->` are those of the declarations; CAISSON_RECORD=1 writes them.
  package func expectTables(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let path = folder + "/README.md"
    let kept = try #require(ServerFiles.read(path), sourceLocation: sourceLocation)
    let text = kinds.reduce(kept) { replaced($0, $1.name, table(of: $1)) }
    guard text != kept else { return }
    if Environment.value("CAISSON_RECORD") == "1" {
      try ServerFiles.write(text, to: path, mode: 0o644, owner: nil)
    } else {
      Issue.record("README.md is not current; CAISSON_RECORD=1 writes it", sourceLocation: sourceLocation)
    }
  }

  /// Every kind has an example; each step of each is read, and what the journal would keep of it reads the same.
  package func expectExamples(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let files = FolderNames.all(in: folder + "/examples").filter { $0.hasSuffix(".yaml") }
    var shown: Set<String> = []
    for file in files {
      let text = try #require(ServerFiles.read(folder + "/examples/" + file), sourceLocation: sourceLocation)
      let root = try #require(YAMLText(text, file: file).root, "\(file)", sourceLocation: sourceLocation)
      for step in root["steps"]?.pairs ?? [] {
        let name = try #require(step.value["uses"]?.text, "\(file)", sourceLocation: sourceLocation)
        guard let kind = kinds.first(where: { $0.name == name }) else { continue }
        shown.insert(name)
        let node = try #require(step.value["with"], "\(file)", sourceLocation: sourceLocation)
        try expect(kind, reads: node, file, sourceLocation)
      }
    }
    #expect(shown == Set(kinds.map { $0.name }), "kinds with an example", sourceLocation: sourceLocation)
  }

  private func expect(
    _ kind: any StepKind.Type, reads node: Node, _ file: String, _ location: SourceLocation
  ) throws {
    func read<Kind: StepKind>(_ kind: Kind.Type) throws {
      var report = Diagnostics()
      let parameters = Kind.Parameters.read(node, &report)
      #expect(report.items.isEmpty, "\(file): \(report.render())", sourceLocation: location)
      let json = try #require(parameters, "\(file)", sourceLocation: location).json
      #expect(try Kind.Parameters.read(json: json).json == json, "\(file)", sourceLocation: location)
    }
    try read(kind)
  }

  // MARK: Tables

  private func table(of kind: any StepKind.Type) -> String {
    func all<Kind: StepKind>(_ kind: Kind.Type) -> String { rows(Kind.Parameters.fields, under: "") }
    return "| parameter | type | default | meaning |\n|---|---|---|---|\n" + all(kind)
  }

  private func rows(_ fields: [KeyedField], under prefix: String) -> String {
    fields.map { keyed in
      let field = keyed.field
      let fallback = field.required ? "required" : field.fallback.map { $0.isNull ? "" : "`\($0.string ?? $0.text)`" } ?? ""
      let name = "`\(prefix)\(keyed.key)`\(field.tuning ? " †" : "")"
      let line = "| \(name) | \(field.shape.title) | \(fallback) | \(field.help) |\n"
      guard case .object(let inner) = field.shape else { return line }
      return line + rows(inner, under: prefix + keyed.key + ".")
    }.joined()
  }

  private func replaced(_ text: String, _ name: String, _ table: String) -> String {
    guard let start = text.firstRange(of: "<!-- \(name) -->\n"), let end = text.firstRange(of: "<!-- /\(name) -->")
    else { return text + "\n<!-- \(name) -->\n\(table)<!-- /\(name) -->\n" }
    return text[..<start.upperBound] + table + text[end.lowerBound...]
  }
}

import JSONText
import PlanSchema
import PluginAPI

/// The value of `map:`: the path of a YAML file under the plan's folder, or the map itself. The file's content is part of
/// the plan's hash.
enum MapSource: ParameterValue {
  case file(Located<PlanFile>)
  case inline(DataMap)

  static var shape: Shape { .oneOf([PlanFile.shape, DataMap.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> MapSource? {
    if node.pairs != nil { return DataMap.read(node, &report).map(MapSource.inline) }
    return Located<PlanFile>.read(node, &report).map(MapSource.file)
  }

  var json: JSON {
    switch self {
    case .file(let file): file.json
    case .inline(let map): map.json
    }
  }

  /// The map as written. What is wrong with a file is refused at its line and column.
  func map(_ facts: any Facts) async throws -> DataMap {
    switch self {
    case .inline(let map): return map
    case .file(let file): return try MapSource.parse(try await facts.file(file.value.path), file: file.value.path)
    }
  }

  /// Reads the text of a map's file.
  static func parse(_ source: String, file: String) throws -> DataMap {
    var report = Diagnostics()
    let text = YAMLText(source, file: file)
    report.sources[file] = text.source
    report.add(contentsOf: text.problems.map { Diagnostic($0) })
    let map = text.root.flatMap { DataMap.read($0, &report) }
    guard let map, !report.hasErrors else { throw StepRefusal(report.sorted.map(Finding.init)) }
    return map
  }
}

extension Finding {
  /// What a file of the plan was refused for, where it stands.
  fileprivate init(_ diagnostic: Diagnostic) {
    let choices = [diagnostic.didYouMean.map { "did you mean `\($0)`?" }, diagnostic.hint].compactMap { $0 }
    self.init(
      diagnostic.severity == .error ? .refusal : .warning, diagnostic.code,
      diagnostic.message, choices: choices, at: diagnostic.range)
  }
}

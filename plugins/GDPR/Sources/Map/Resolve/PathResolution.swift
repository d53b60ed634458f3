import PlanSchema
import PluginAPI

/// Follows a path of the map along the foreign keys there are.
struct PathResolution {
  let shapes: TableShapes
  let subject: QualifiedName
  let key: String

  func way(_ path: Located<ReferencePath>, from start: TableShape) -> Result<ReferenceWay, StepRefusal> {
    var at = start
    var hops: [ForeignKey] = []
    for (place, name) in path.value.hops.enumerated() {
      let isLast = place == path.value.hops.count - 1
      let found = at.references.filter { $0.name == name || $0.columns == [name] }
      guard let hop = isLast ? found.first(where: { $0.target == subject }) ?? found.first : found.first else {
        return .failure(StepRefusal([noReference(name, at, path.range)]))
      }
      hops.append(hop)
      if isLast { break }
      guard let next = shapes[hop.target] else { return .failure(StepRefusal([strays(path, hop.target)])) }
      at = next
    }
    guard let last = hops.last, last.target == subject else {
      return .failure(StepRefusal([strays(path, hops.last?.target ?? start.name)]))
    }
    return .success(ReferenceWay(hops: hops))
  }

  private func noReference(_ name: String, _ table: TableShape, _ range: SourceRange) -> Finding {
    let known = table.references.flatMap { $0.columns.count == 1 ? $0.columns + [$0.name] : [$0.name] }
    let near = Spelling.nearest(to: name, in: known)
    var choices = [near.map { "did you mean `\($0)`?" } ?? "foreign keys of \(table.name): \(known.joined(separator: ", "))"]
    if known.isEmpty { choices = [] }
    return .refusal(
      "gdpr.map.path", "no foreign key of \(table.name) is called `\(name)` or has that column alone",
      choices: choices + ["a `where` with $subject, where there is no foreign key"], at: range)
  }

  private func strays(_ path: Located<ReferencePath>, _ end: QualifiedName) -> Finding {
    .refusal(
      "gdpr.map.path", "`\(path.value)` leads to \(end), not to \(subject)",
      choices: ["go on to \(subject), hop by hop"], at: path.range)
  }
}

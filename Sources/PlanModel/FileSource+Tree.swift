package import PlanSchema
package import YAMLTree

extension FileSource {
  /// The tree of a file, with its problems reported; `nil` when there is none. `mention`: where it is named.
  package func tree(_ path: String, mention: SourceRange? = nil, _ report: inout Diagnostics) -> Node? {
    do {
      let text = YAMLText(try content(of: path), file: path)
      report.sources[path] = text.source
      report.add(contentsOf: text.problems.map(Diagnostic.init))
      return text.root
    } catch {
      report.error(error.code, "`\(path)` cannot be read: \(error.reason)", at: mention ?? .beginning(of: path))
      return nil
    }
  }
}

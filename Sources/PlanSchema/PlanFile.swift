public import JSONText
public import YAMLTree

/// A file under the plan's folder; its content is part of the plan's hash.
public struct PlanFile: ParameterValue, Hashable, Codable, CustomStringConvertible {
  /// Relative to the plan's folder, `/` between its parts.
  public var path: String

  public init(_ path: String) { self.path = path }

  public var description: String { path }

  public static var shape: Shape { .named("file") }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> PlanFile? {
    guard let text = report.text(node, wanted: "the path of a file") else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if text.hasPrefix("/") || text.unicodeScalars.contains("\0") || parts.contains("..") {
      report.error(
        "file.outside", "`\(text)` is not under the plan's folder", at: node.range,
        hint: "files of a plan stand beside it: their content is part of its hash")
      return nil
    }
    let kept = parts.filter { !$0.isEmpty && $0 != "." }
    guard !kept.isEmpty, !text.hasSuffix("/") else {
      report.error("file.name", "`\(text)` is not the name of a file", at: node.range)
      return nil
    }
    let file = PlanFile(kept.joined(separator: "/"))
    report.mention(.planFile(file.path), at: node.range)
    return file
  }

  public var json: JSON { .string(ReferenceText.escape(path)) }
}

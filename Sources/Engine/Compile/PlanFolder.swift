import FoundationEssentials
import Glibc

/// Files a plan may name: those under its own folder, links followed before judging.
package struct PlanFolder: Sendable {
  private let root: String

  package init(_ root: String) { self.root = PlanFolder.resolved(root) ?? root }

  package func text(of path: String) throws -> String {
    let asked = path.hasPrefix("/") ? path : root + "/" + path
    guard let real = PlanFolder.resolved(asked) else {
      throw EngineError(.unusable, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    guard real.hasPrefix(root + "/") else {
      throw EngineError(.unusable, "\(path) lies outside the plan's folder", hint: "copy it beside the plan")
    }
    return try String(contentsOfFile: real, encoding: .utf8)
  }

  private static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}

import JSONText
import PluginAPI

/// `1.18`: what PgBouncer calls a release; the third number changes no key.
struct BouncerVersion: ParameterValue, Hashable, Comparable, CustomStringConvertible {
  var minor: Int

  init(_ minor: Int) { self.minor = minor }

  /// `1.18`, `1.18.0`, `PgBouncer 1.18.0` and what follows it on the first line.
  init?(parsing text: String) {
    guard let match = text.firstMatch(of: #/^(?:PgBouncer )?1\.(\d{1,3})(?:\.\d+)?(?:\s|$)/#), let minor = Int(match.1)
    else { return nil }
    self.minor = minor
  }

  var description: String { "1.\(minor)" }

  /// Those whose keys are known.
  static let oldest = BouncerVersion(18), newest = BouncerVersion(25)

  static func < (a: BouncerVersion, b: BouncerVersion) -> Bool { a.minor < b.minor }

  static var shape: Shape { .named("version") }

  static func read(_ node: Node, _ report: inout Diagnostics) -> BouncerVersion? {
    guard let text = report.text(node, wanted: "a version such as \"1.18\"") else { return nil }
    guard let version = BouncerVersion(parsing: text), (oldest...newest).contains(version) else {
      report.error(
        "pgbouncer.version", "`\(text)` is not a version of PgBouncer between \(oldest) and \(newest)", at: node.range,
        hint: "in quotes: without, 1.20 is the number 1.2")
      return nil
    }
    return version
  }

  var json: JSON { .string(description) }
}

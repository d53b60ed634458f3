package import JSONText
package import PlanSchema
package import YAMLTree

/// Which database: a server libpq can reach, or one of the sandbox.
package enum ConnectionReference: ParameterValue, Hashable, CustomStringConvertible {
  /// A URI, a keyword string or `service=name`, with secrets as references.
  case libpq(Secret)
  /// `sandbox`, or `sandbox:NAME`.
  case sandbox(String?)

  /// References, never secrets.
  package var description: String {
    switch self {
    case .libpq(let secret): secret.description
    case .sandbox(nil): "sandbox"
    case .sandbox(let name?): "sandbox:\(name)"
    }
  }

  package static var shape: Shape { .named("connection") }
  package var json: JSON { .string(description) }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> ConnectionReference? {
    guard let secret = Secret.read(node, &report) else { return nil }
    if secret.segments.contains(where: { if case .privateVariable = $0 { true } else { false } }) {
      report.error("private.not_allowed", "a private variable cannot say which database it is", at: node.range)
      return nil
    }
    guard let text = secret.plainText else { return checked(secret, node, &report) }
    if text == "sandbox" { return .sandbox(nil) }
    if text.hasPrefix("sandbox:") {
      let name = String(text.dropFirst("sandbox:".count))
      if StepName.isValid(name) { return .sandbox(name) }
      report.error("target.sandbox", "`\(name)` is not a name for a sandbox database", at: node.range)
      return nil
    }
    guard text.contains("://") || text.contains("=") else {
      report.error(
        "target.form", "`\(text)` is not a connection", at: node.range,
        hint: "a URI, a keyword string (host=… dbname=…), service=NAME, sandbox or sandbox:NAME",
        didYouMean: Spelling.nearest(to: text, in: ["sandbox"]))
      return nil
    }
    return checked(secret, node, &report)
  }

  private static func checked(_ secret: Secret, _ node: Node, _ report: inout Diagnostics) -> ConnectionReference? {
    guard LiteralPassword.stands(in: secret) else { return .libpq(secret) }
    report.error(
      "secret.literal", "a password stands in the file in plain text", at: node.range,
      hint: "write ${env:NAME} or ${file:path} in its place, or use a service or passfile")
    return nil
  }
}

/// Passwords written out in connection strings.
package enum LiteralPassword {
  /// In the text between the references.
  package static func stands(in secret: Secret) -> Bool {
    let text = secret.segments.map { if case .text(let text) = $0 { text } else { reference } }.joined()
    return inAuthority(text) || inKeyword(text)
  }

  /// Stands for a reference while the text around it is looked at.
  private static let reference = "\u{1}"

  private static func inAuthority(_ text: String) -> Bool {
    guard let start = text.firstRange(of: "://")?.upperBound else { return false }
    let authority = text[start...].prefix { $0 != "/" && $0 != "?" }
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return false }
    return isLiteral(authority[..<at][colon...].dropFirst())
  }

  private static func inKeyword(_ text: String) -> Bool {
    guard let keyword = text.firstRange(of: "password") else { return false }
    let rest = text[keyword.upperBound...].drop { $0 == " " }
    guard rest.first == "=" else { return false }
    let value = rest.dropFirst().drop { $0 == " " || $0 == "'" }
    return isLiteral(value.prefix { $0 != " " && $0 != "&" && $0 != "'" })
  }

  private static func isLiteral(_ value: Substring) -> Bool { !value.isEmpty && !value.contains(reference) }
}

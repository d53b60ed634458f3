internal import PlanSchema
internal import YAMLTree

/// The plan's variables with the values they have in this environment.
struct Variables {
  private(set) var values: [String: Node] = [:]
  private var declared: [Node] = []
  private(set) var names: [String] = []
  private var known: Set<String> = []
  private let privates: PrivateVariables

  /// Defaults of the plan, then the environment's values, then those of the command line; for private variables stand
  /// references.
  init(
    plan: Node?, environment: Node?, commandLine: [(name: String, value: String)], privates: PrivateVariables,
    _ report: inout Diagnostics
  ) {
    self.privates = privates
    for pair in plan?.pairs ?? [] where declare(pair.key, &report) {
      guard let name = pair.key.text else { continue }
      values[name] = Variables.literal(pair.value, &report)
    }
    for key in privates.declared where declare(key, &report) {
      guard let name = key.text else { continue }
      values[name] = Node(.scalar(privates.reference(name).description, .doubleQuoted), range: key.range)
    }
    for pair in environment?.pairs ?? [] {
      guard let name = pair.key.text, isDeclared(name, at: pair.key.range, &report), !privates.has(name) else { continue }
      values[name] = Variables.literal(pair.value, &report)
    }
    for (name, value) in commandLine where !privates.has(name) {
      // A private variable's name may be misspelt: then no snippet shows the value either.
      let isShown = known.contains(name) || privates.declared.isEmpty
      guard isShown || isDeclared(name, at: .beginning(of: "--var \(name)"), &report) else { continue }
      let node = Variables.node(of: value, for: name, &report)
      guard isDeclared(name, at: node.range, &report) else { continue }
      values[name] = Variables.literal(node, &report)
    }
  }

  private mutating func declare(_ key: Node, _ report: inout Diagnostics) -> Bool {
    guard let name = key.text else { return false }
    guard ReferenceText.isVariableName(name), !name.contains("."), name != "each" else {
      report.error(
        "variable.name", "`\(name)` cannot be the name of a variable", at: key.range,
        hint: "letters, digits and underscores, not starting with a digit; `each` is taken")
      return false
    }
    guard known.insert(name).inserted else {
      report.error(
        "variable.twice", "`\(name)` is a variable already", at: key.range,
        hint: "a private variable has no value in the plan: it stands under private_variables alone")
      return false
    }
    declared.append(key)
    names.append(name)
    return true
  }

  private func isDeclared(_ name: String, at range: SourceRange, _ report: inout Diagnostics) -> Bool {
    if known.contains(name) { return true }
    report.error(
      "variable.unknown", "the plan has no variable `\(name)`", at: range,
      hint: "a plan names its variables under `variables`", didYouMean: report.nearest(to: name, in: names))
    return false
  }

  /// `--var keep=7 years` reads like `keep: 7 years` would.
  private static func node(of value: String, for name: String, _ report: inout Diagnostics) -> Node {
    let file = "--var \(name)"
    report.sources[file] = value
    let end = Mark(line: 1, column: 1 + value.unicodeScalars.count, offset: value.unicodeScalars.count)
    let range = SourceRange(file: file, start: Mark(line: 1, column: 1, offset: 0), end: end)
    return Node(.scalar(value, .plain), range: range)
  }

  /// A variable's value refers to nothing: no cycles, and no secret on its way into the journal.
  private static func literal(_ node: Node, _ report: inout Diagnostics) -> Node {
    switch node.kind {
    case .scalar:
      guard let segments = report.references(in: node) else { return .erroneous(at: node.range) }
      for segment in segments {
        switch segment {
        case .text: continue
        case .privateVariable:
          report.error(
            "private.not_allowed", "a private variable cannot be another variable's value", at: node.range,
            hint: "write the reference where the value is used")
        case .variable:
          report.error("variable.nested", "a variable's value cannot refer to a variable", at: node.range)
        case .environment, .file:
          report.error(
            "secret.not_allowed", "a secret cannot be a variable's value: it would reach the journal and the logs",
            at: node.range, hint: "write the reference where the secret is used")
        }
        return .erroneous(at: node.range)
      }
      return node
    case .sequence(let items):
      return Node(.sequence(items.map { literal($0, &report) }), tag: node.tag, range: node.range)
    case .mapping(let pairs):
      let values = pairs.map { Node.Pair(key: $0.key, value: literal($0.value, &report)) }
      return Node(.mapping(values), tag: node.tag, range: node.range)
    }
  }

  /// Every variable is written somewhere, or its name or its use is misspelt.
  func reportUnused(in nodes: [Node], _ report: inout Diagnostics) {
    var used: Set<String> = []
    for node in nodes { Variables.collect(node, &used) }
    for key in declared {
      guard let name = key.text, !used.contains(name) else { continue }
      report.error(
        "variable.unused", "the variable `\(name)` is not used", at: key.range,
        hint: "write ${\(name)} where its value belongs, or remove it")
    }
  }

  private static func collect(_ node: Node, _ used: inout Set<String>) {
    switch node.kind {
    case .sequence(let items): for item in items { collect(item, &used) }
    case .mapping(let pairs): for pair in pairs { collect(pair.value, &used) }
    case .scalar(let text, _):
      guard text.contains("${"), let reference = try? ReferenceText(parsing: text) else { return }
      for case .variable(let name) in reference.segments { used.insert(name) }
    }
  }
}

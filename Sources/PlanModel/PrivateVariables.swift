internal import Digest
internal import PlanSchema
internal import YAMLTree

/// The plan's private variables: each command is given their values anew, and a reference with a token stands for each
/// wherever the plan is stored, hashed or shown.
struct PrivateVariables {
  /// Where the plan declares them.
  private(set) var declared: [Node] = []
  private var references: [String: PrivateReference] = [:]
  private(set) var values = PrivateValues()

  init() {}

  func has(_ name: String) -> Bool { references[name] != nil }
  func reference(_ name: String) -> PrivateReference { references[name] ?? PrivateReference(name) }
}

extension PrivateVariables {
  /// What the plan declares, with the values of the environment and of the command line over them.
  init(_ resolution: Resolution, plan: Node, environment: Node, _ report: inout Diagnostics) {
    for item in plan["private_variables"]?.items ?? [] {
      guard let name = item.text else { continue }
      declared.append(item)
      references[name] = PrivateReference(name)
    }
    guard !declared.isEmpty else { return }
    var sources = fromEnvironment(environment, &report)
    for (name, value) in resolution.request.variables where has(name) {
      guard let secret = PrivateVariables.given(value, for: name, &report) else { continue }
      sources[name] = secret
    }
    guard !sources.isEmpty else { return }
    let key = tokenKey(of: environment, resolution, &report)
    for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
      guard let value = resolution.text(of: source.secret, at: source.range, &report), let key else { continue }
      take(value, for: name, key: key, plan: plan["plan"]?.text ?? "", at: source.range, &report)
    }
  }

  private struct Source {
    var secret: Secret
    var range: SourceRange
  }

  /// An environment's file holds where the value is found, never the value.
  private func fromEnvironment(_ environment: Node, _ report: inout Diagnostics) -> [String: Source] {
    var sources: [String: Source] = [:]
    for pair in environment["variables"]?.pairs ?? [] {
      guard let name = pair.key.text, has(name), let secret = Secret.read(pair.value, &report) else { continue }
      guard secret.plainText == nil else {
        report.error(
          "private.literal", "the value of the private variable `\(name)` cannot stand in a file", at: pair.value.range,
          hint: "write ${env:NAME} or ${file:path}, or give it with --var \(name)=…")
        continue
      }
      sources[name] = Source(secret: secret, range: pair.value.range)
    }
    return sources
  }

  /// `--var subject=4711`, or a reference, which no list of processes shows. No snippet repeats it.
  private static func given(_ value: String, for name: String, _ report: inout Diagnostics) -> Source? {
    let range = SourceRange.beginning(of: "--var \(name)")
    do throws(ReferenceText.Malformed) {
      return Source(secret: try Secret(parsing: value), range: range)
    } catch {
      report.error("reference.syntax", "the value given to `\(name)` is not text or a reference", at: range, hint: error.hint)
      return nil
    }
  }

  private func tokenKey(
    of environment: Node, _ resolution: Resolution, _ report: inout Diagnostics
  ) -> SecretText? {
    guard let node = environment["token_key"] else {
      report.error(
        "private.key", "private variables need a `token_key` in the environment", at: environment.range.firstCharacter,
        hint: "write token_key: ${env:NAME}: with it the journal tells one value from another without knowing either")
      return nil
    }
    // The environment's own reader says what is wrong with it.
    var discarded = Diagnostics()
    guard let secret = Secret.read(node, &discarded), secret.plainText == nil else { return nil }
    return resolution.text(of: secret, at: node.range, &report)
  }

  private mutating func take(
    _ value: SecretText, for name: String, key: SecretText, plan: String, at range: SourceRange,
    _ report: inout Diagnostics
  ) {
    guard !value.revealed.isEmpty, !value.revealed.utf8.contains(0) else {
      report.error("private.missing", "the value given to the private variable `\(name)` is empty", at: range)
      return
    }
    let message = ["caisson private variable", plan, name, value.revealed].joined(separator: "\u{0}")
    guard let code = try? HMACSHA256.code(for: Array(message.utf8), key: Array(key.revealed.utf8)) else { return }
    let reference = PrivateReference(name, token: Hexadecimal.text(Array(code.prefix(16))))
    references[name] = reference
    values.set(value, for: reference)
  }
}

extension Resolution {
  /// What a reference stands for, or a report of why it cannot be had.
  fileprivate func text(of secret: Secret, at range: SourceRange, _ report: inout Diagnostics) -> SecretText? {
    do throws(SecretUnavailable) {
      return try secret.resolve(environment: files.variable, folder: secretsFolder)
    } catch {
      report.error("secret.missing", "\(error.reference) cannot be used: \(error.reason)", at: range)
      return nil
    }
  }
}

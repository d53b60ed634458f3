import JSONText
import PlanSchema
import PluginAPI

/// What becomes of a personal value.
enum ColumnAction: ParameterValue, Hashable {
  case null
  case constant(String)
  /// Random, and never the same twice; `{token}` in the form stands for it.
  case token(form: String?)
  /// The same for the same value, for whoever has the key.
  case hmac(key: Secret)
  /// Some characters at each end stay, the others become `with`.
  case mask(first: Int, last: Int, with: String)
  case generalize(Generalization)
  /// Looked at and found to be no personal data, or needed.
  case keep(reason: String?)

  enum Name: String, CaseIterable, Sendable, ParameterValue {
    case null, constant, token, hmac, mask, generalize, keep
  }

  var name: Name {
    switch self {
    case .null: .null
    case .constant: .constant
    case .token: .token
    case .hmac: .hmac
    case .mask: .mask
    case .generalize: .generalize
    case .keep: .keep
    }
  }

  var isKept: Bool { name == .keep }

  static var shape: Shape { .oneOf([Name.shape, ColumnActionKeys.shape]) }

  static func read(_ node: Node, _ report: inout Diagnostics) -> ColumnAction? {
    if node.pairs != nil { return ColumnActionKeys.read(node, &report).flatMap { $0.action(&report, at: node.range) } }
    guard let name = Name.read(node, &report) else { return nil }
    return ColumnActionKeys.action(name, ColumnActionKeys(), &report, at: node.range)
  }

  var json: JSON {
    var object = JSONObject([("action", .string(name.rawValue))])
    switch self {
    case .null: break
    case .constant(let value): object["value"] = value.json
    case .token(let form): object["form"] = form?.json
    case .hmac(let key): object["key"] = key.json
    case .mask(let first, let last, let with):
      object["first"] = first.json
      object["last"] = last.json
      object["with"] = with.json
    case .generalize(let to): object["to"] = to.json
    case .keep(let reason): object["reason"] = reason?.json
    }
    return object.members.count == 1 ? .string(name.rawValue) : .object(object)
  }
}

/// The long form: `{action: mask, first: 1}`.
struct ColumnActionKeys: ParameterSet {
  @Parameter("What is done.") var action = ColumnAction.Name.keep
  @Parameter("`constant`: the value, read as the column's type.") var value: String?
  @Parameter("`token`: text around `{token}`.") var form: String?
  @Parameter("`hmac`: where the key is found.") var key: Secret?
  @Parameter("`mask`: characters that stay at the beginning.") var first = 0
  @Parameter("`mask`: characters that stay at the end.") var last = 0
  @Parameter("`mask`: what stands for each other character.") var with = "*"
  @Parameter("`generalize`: a unit of time, a step for numbers, a number of characters or of bits.") var to: Generalization?
  @Parameter("`keep`: why.") var reason: String?

  func action(_ report: inout Diagnostics, at range: SourceRange) -> ColumnAction? {
    Self.action(action, self, &report, at: range)
  }

  /// `nil`: what is missing was reported.
  static func action(
    _ name: ColumnAction.Name, _ keys: ColumnActionKeys, _ report: inout Diagnostics, at range: SourceRange
  ) -> ColumnAction? {
    func lacking(_ key: String, _ example: String) -> ColumnAction? {
      report.error("gdpr.map.action", "`\(name.rawValue)` needs `\(key)`", at: range.firstCharacter, hint: example)
      return nil
    }
    switch name {
    case .null: return .null
    case .keep: return .keep(reason: keys.reason)
    case .constant: return keys.value.map(ColumnAction.constant) ?? lacking("value", "{action: constant, value: anonymised}")
    case .hmac: return keys.key.map(ColumnAction.hmac) ?? lacking("key", "{action: hmac, key: \"${env:PSEUDONYM_KEY}\"}")
    case .generalize: return keys.to.map(ColumnAction.generalize) ?? lacking("to", "{action: generalize, to: year}")
    case .token:
      guard keys.form?.contains("{token}") ?? true else { return lacking("{token}", "form: \"{token}@example.invalid\"") }
      return .token(form: keys.form)
    case .mask:
      guard keys.first >= 0, keys.last >= 0, keys.with.count == 1 else {
        return lacking("with", "{action: mask, first: 1, with: \"*\"}")
      }
      return .mask(first: keys.first, last: keys.last, with: keys.with)
    }
  }
}

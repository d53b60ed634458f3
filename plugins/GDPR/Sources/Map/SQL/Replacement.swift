import PlanSchema
import PluginAPI

/// What an action makes of a value, and how one tells that it has: the same work done twice changes nothing.
struct Replacement: Sendable {
  let action: ColumnAction
  let column: MappedColumn

  /// The new value; a missing one stays missing, whatever the action.
  func value(of old: SQL) -> SQL {
    guard let fresh = fresh(from: old) else { return old }
    let type = SQL(verbatim: column.type)
    if action == .null { return "NULL::\(sql: type)" }
    guard let done = isDone(old) else { return "CASE WHEN \(sql: old) IS NOT NULL THEN (\(sql: fresh))::\(sql: type) END" }
    return "CASE WHEN \(sql: done) THEN \(sql: old) ELSE (\(sql: fresh))::\(sql: type) END"
  }

  /// True for a value the action has made or would leave alone, a missing one included; `nil`: cannot be told.
  func isDone(_ old: SQL) -> SQL? {
    switch action {
    case .null: return "(\(sql: old) IS NULL)"
    case .keep: return "true"
    case .constant(let value):
      return "(\(sql: old) IS NULL OR \(sql: old)::text IS NOT DISTINCT FROM (\(literal: value)::\(sql: column.type))::text)"
    case .token, .hmac:
      return pattern.map { "(\(sql: old) IS NULL OR \(sql: old)::text ~ \(literal: $0))" }
    case .mask, .generalize:
      guard let fresh = fresh(from: old) else { return nil }
      return "(\(sql: old) IS NULL OR \(sql: old)::text IS NOT DISTINCT FROM ((\(sql: fresh))::\(sql: column.type))::text)"
    }
  }

  // MARK: Values

  private func fresh(from old: SQL) -> SQL? {
    switch action {
    case .keep: return nil
    case .null: return "NULL"
    case .constant(let value): return "\(literal: value)"
    case .token: return token
    case .hmac(let key): return KeyedDigest(key: key, length: column.length).sql(of: "\(sql: old)::text")
    case .mask(let first, let last, let with): return mask("\(sql: old)::text", first, last, with)
    case .generalize(let to): return generalized(old, to)
    }
  }

  /// Lower-case hexadecimal digits of a random UUID: nothing that is stored leads from it to the person, and it is unique
  /// whether an index looks at the case or not.
  private static let digits: SQL = "replace(gen_random_uuid()::text, '-', '')"

  private var token: SQL {
    switch column.kind {
    case .uuid: return "gen_random_uuid()"
    case .integer where column.base == "int8": return "('x0' || left(\(sql: Self.digits), 15))::bit(64)::bigint"
    case .integer: return "('x0' || left(\(sql: Self.digits), \(sql: column.base == "int2" ? "3" : "7")))::bit(\(sql: column.base == "int2" ? "16" : "32"))::integer"
    case .number: return "('x0' || left(\(sql: Self.digits), 12))::bit(52)::bigint"
    case .bytes: return "decode(\(sql: Self.digits), 'hex')"
    default:
      let shape = TokenShape(form: form, length: column.length)
      return "\(literal: shape.before) || left(\(sql: Self.digits), \(sql: String(shape.digits))) || \(literal: shape.after)"
    }
  }

  private var form: String? { if case .token(let form) = action { form } else { nil } }

  private var pattern: String? {
    switch action {
    case .token where column.kind == .text || column.kind == .json: TokenShape(form: form, length: column.length).pattern
    case .hmac: "^[0-9a-f]{\(min(64, column.length ?? 64))}$"
    default: nil
    }
  }

  private func mask(_ old: SQL, _ first: Int, _ last: Int, _ with: String) -> SQL {
    let shown = SQL(verbatim: "\(first + last)"), stars: SQL = "\(literal: with)"
    return """
      CASE WHEN char_length(\(sql: old)) <= \(sql: shown) THEN repeat(\(sql: stars), char_length(\(sql: old)))
      ELSE left(\(sql: old), \(sql: "\(first)")) || repeat(\(sql: stars), char_length(\(sql: old)) - \(sql: shown))
      || right(\(sql: old), \(sql: "\(last)")) END
      """
  }

  private func generalized(_ old: SQL, _ to: Generalization) -> SQL {
    switch to {
    case .unit(let unit):
      return "date_trunc(\(literal: unit.rawValue), \(sql: old)::\(sql: column.base == "timestamptz" ? "timestamptz" : "timestamp"))"
    case .count(let count):
      let number = SQL(verbatim: "\(count)")
      switch column.kind {
      case .integer, .number: return "floor(\(sql: old) / \(sql: number)::numeric) * \(sql: number)"
      case .network:
        return "set_masklen(network(set_masklen(\(sql: old)::inet, least(\(sql: number), masklen(\(sql: old)::inet))))::inet,"
          + " least(\(sql: number), masklen(\(sql: old)::inet)))"
      default: return "left(\(sql: old)::text, \(sql: number))"
      }
    }
  }
}

/// A token in its form, cut so that it fits.
struct TokenShape: Sendable, Hashable {
  let before: String
  let after: String
  /// Hexadecimal digits there is room for.
  let digits: Int

  init(form: String?, length: Int?) {
    let form = form ?? (length.map { $0 < 20 } ?? false ? "{token}" : "anon-{token}")
    let place = form.firstRange(of: "{token}")
    before = place.map { String(form[..<$0.lowerBound]) } ?? ""
    after = place.map { String(form[$0.upperBound...]) } ?? ""
    digits = min(32, (length ?? 10_000) - before.unicodeScalars.count - after.unicodeScalars.count)
  }

  /// Random bits: a UUID of version 4 has six that are always the same.
  var bits: Int { max(0, digits * 4 - (digits > 12 ? 4 : 0) - (digits > 16 ? 2 : 0)) }

  var pattern: String { "^\(Self.escaped(before))[0-9a-f]{\(max(0, digits))}\(Self.escaped(after))$" }

  /// Tokens of a form wherever they stand: how many digits there was room for depends on the column.
  static func anyLength(_ form: String?) -> String {
    guard let form else { return "^(anon-[0-9a-f]{4,32}|[0-9a-f]{16,32})$" }
    let shape = TokenShape(form: form, length: nil)
    return "^\(escaped(shape.before))[0-9a-f]{4,32}\(escaped(shape.after))$"
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { out, character in
      if !character.isLetter, !character.isNumber { out.append("\\") }
      out.append(character)
    }
  }
}

/// SQL text with its bound values kept apart; `text` numbers them `$1`, `$2`, …
///
/// Interpolation decides how a value enters: `\(value)` binds it, `\(id: name)` quotes an identifier,
/// `\(literal: text)` quotes a constant where PostgreSQL takes no parameter (DDL), `\(sql: part)` embeds SQL,
/// `\(secret: reference)` binds what the reference stands for, which is known only while the statement is sent.
/// A bare string literal is SQL; there is no way to paste a run-time `String` without naming `sql:`.
public struct SQL: Sendable, Hashable {
  enum Part: Sendable, Hashable {
    case text(String)
    case bind(String?)
    /// Bound by reference; a value is there only on its way to the server.
    case secret(String, value: String?)
  }

  var parts: [Part]

  /// SQL that came from elsewhere (a plan, the catalog), without bound values.
  public init(verbatim text: String) { parts = text.isEmpty ? [] : [.text(text)] }

  public var text: String {
    var count = 0
    return parts.reduce(into: "") { text, part in
      switch part {
      case .text(let piece): text += piece
      case .bind, .secret:
        count += 1
        text += "$\(count)"
      }
    }
  }

  /// Values in PostgreSQL's text format; `nil` is NULL, and a reference that was not resolved.
  public var binds: [String?] {
    parts.compactMap { part -> String?? in
      switch part {
      case .text: nil
      case .bind(let value), .secret(_, let value): .some(value)
      }
    }
  }

  public var isEmpty: Bool { parts.isEmpty }

  public static func + (a: SQL, b: SQL) -> SQL {
    var sum = a
    sum.append(b)
    return sum
  }

  public mutating func append(_ other: SQL) { parts += other.parts }
}

extension Sequence<SQL> {
  public func joined(separator: SQL) -> SQL {
    var all = SQL(verbatim: "")
    for (place, part) in enumerated() {
      if place > 0 { all.append(separator) }
      all.append(part)
    }
    return all
  }
}

extension SQL: ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) { self.init(verbatim: value) }
  public init(stringInterpolation: Interpolation) { parts = stringInterpolation.parts }

  public struct Interpolation: StringInterpolationProtocol {
    var parts: [Part] = []

    public init(literalCapacity: Int, interpolationCount: Int) {}

    public mutating func appendLiteral(_ literal: String) {
      if !literal.isEmpty { parts.append(.text(literal)) }
    }
    public mutating func appendInterpolation(_ value: some SQLBindable) { parts.append(.bind(value.sqlText)) }
    public mutating func appendInterpolation(id name: String) { parts.append(.text(Quoting.identifier(name))) }
    public mutating func appendInterpolation(id name: QualifiedName) { parts.append(.text(name.quoted)) }
    public mutating func appendInterpolation(id names: [String]) {
      parts.append(.text(names.map(Quoting.identifier).joined(separator: ", ")))
    }
    public mutating func appendInterpolation(literal text: String) { parts.append(.text(Quoting.literal(text))) }
    public mutating func appendInterpolation(sql: SQL) { parts += sql.parts }
    public mutating func appendInterpolation(sql text: String) { appendLiteral(text) }
  }
}

extension SQL: CustomStringConvertible {
  /// The text with references where values are bound by them: other bound values may be personal data, and are never
  /// printed.
  public var description: String { printed }
}

extension SQL: Codable {
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      self.init(verbatim: text)
      return
    }
    var list = try decoder.unkeyedContainer()
    self.init(verbatim: "")
    while !list.isAtEnd {
      if let text = try? list.decode(String.self) {
        parts.append(.text(text))
      } else {
        parts.append(try list.decode(Bind.self).part)
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    guard !binds.isEmpty else {
      var single = encoder.singleValueContainer()
      return try single.encode(text)
    }
    var list = encoder.unkeyedContainer()
    for part in parts {
      switch part {
      case .text(let text): try list.encode(text)
      case .bind(let value): try list.encode(Bind(bind: value))
      case .secret(let reference, _): try list.encode(Bind(secret: reference))
      }
    }
  }

  private struct Bind: Codable {
    var bind: String?
    var secret: String?

    var part: Part { secret.map { .secret($0, value: nil) } ?? .bind(bind) }
  }
}

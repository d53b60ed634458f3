import PlanSchema
import PluginAPI

/// HMAC-SHA256 (RFC 2104) in PostgreSQL's own functions: `pgcrypto` need not be there.
struct KeyedDigest: Sendable {
  let key: Secret
  let length: Int?

  func sql(of text: SQL) -> SQL {
    let message: SQL = "convert_to(\(sql: text), 'UTF8')"
    let inner: SQL = "sha256(\(sql: pad(0x36)) || \(sql: message))"
    return "left(encode(sha256(\(sql: pad(0x5C)) || \(sql: inner)), 'hex'), \(sql: String(min(64, length ?? 64))))"
  }

  /// The key's digest, so that any length will do, each byte changed by the pad, on 64 bytes.
  private func pad(_ byte: Int) -> SQL {
    let padded: SQL = "rpad(encode(sha256(convert_to(\(sql: secret), 'UTF8')), 'hex'), 128, '0')"
    return """
      (SELECT decode(string_agg(lpad(to_hex(get_byte(decode(\(sql: padded), 'hex'), b.n) # \(sql: "\(byte)")), 2, '0'), ''
      ORDER BY b.n), 'hex') FROM generate_series(0, 63) AS b(n))
      """
  }

  private var secret: SQL { "\(secret: key)" }
}

extension MappedColumn {
  /// With a digest of the same form in the place of each keyed one: for what is only tried, and binds nothing.
  var withoutSecrets: MappedColumn {
    var column = self
    column.action = action.map { withoutSecret($0) }
    column.inside = inside.map { JSONRule(route: $0.route, action: withoutSecret($0.action)) }
    return column
  }

  private func withoutSecret(_ action: ColumnAction) -> ColumnAction {
    guard case .hmac = action else { return action }
    return .constant(String(String(repeating: "0a", count: 32).prefix(inside.isEmpty ? length ?? 64 : 64)))
  }
}

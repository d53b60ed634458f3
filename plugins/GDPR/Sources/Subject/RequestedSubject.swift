import PlanSchema
import PluginAPI

/// The one person a request is about. Their key is a secret of the run: statements bind it by reference, and nothing of a
/// program, a journal or a message holds it.
struct RequestedSubject: Sendable {
  let secret: Secret
  let map: ResolvedMap

  /// For statements that bind values.
  var bound: SubjectKeys { SubjectKeys("SELECT \(sql: key) AS key") }

  private var key: SQL { "CAST(\(secret: secret) AS \(sql: map.key.type))" }

  /// Whether the server would read it as a key at all: what it refuses it refuses without a place in the plan.
  private var isReadable: SQL {
    let text: SQL = "\(secret: secret)::text"
    switch map.key.kind {
    case .integer:
      let most = ["int2": "32767", "int4": "2147483647"][map.key.base] ?? "9223372036854775807"
      return "CASE WHEN \(sql: text) ~ '^-?[0-9]{1,20}$' THEN abs(\(sql: text)::numeric) <= \(sql: most) ELSE false END"
    case .uuid: return "lower(\(sql: text)) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
    default: return "true"
    }
  }

  /// Whether the key is one, and somebody's.
  func standing(_ facts: any Facts) async throws -> Standing {
    guard try await facts.rows("SELECT \(sql: isReadable) AS readable").first?["readable"] == "t" else { return .misspelt }
    let row = try await facts.rows(
      """
      SELECT \(sql: key)::text = \(secret: secret)::text AS canonical,
        EXISTS (SELECT FROM \(sql: map.subject.source) WHERE t.\(id: map.key.name) = \(sql: key)) AS present
      """
    ).first
    guard row?["canonical"] == "t" else { return .misspelt }
    return row?["present"] == "t" ? .present : .absent
  }

  enum Standing { case present, absent, misspelt }

  /// A key written otherwise than the server writes it would have another digest than the row's.
  func misspelt(at range: SourceRange) -> Finding {
    .refusal(
      "gdpr.subject.form", "the subject's key is not written as PostgreSQL writes a \(map.key.type)",
      choices: ["give it as `SELECT \(map.key.name) FROM \(map.subject.name)` shows it, without blanks or leading zeros"],
      at: range)
  }
}

/// Keys of subjects in a setting of the transaction: what takes no bound values, COPY for one, finds them there.
struct SubjectAnnouncement: Sendable {
  private static let setting = "caisson.gdpr_subjects"

  /// Who they are; it may bind values.
  let subjects: SubjectKeys
  /// Of their keys.
  let type: String

  /// The first statement of the transaction.
  var statement: SQL {
    """
    SELECT set_config(\(literal: Self.setting),
      (SELECT coalesce(jsonb_agg(s.key::text), '[]')::text FROM (\(sql: subjects.query)) AS s), true) IS NOT NULL AS announced
    """
  }

  /// The same subjects for what comes after it.
  var keys: SubjectKeys {
    SubjectKeys(
      """
      SELECT CAST(s.key AS \(sql: type)) AS key
      FROM jsonb_array_elements_text(current_setting(\(literal: Self.setting))::jsonb) AS s(key)
      """)
  }
}

extension Diagnostics {
  /// A person's key never stands in a plan.
  mutating func refuseLiteral(_ secret: Secret, _ what: String, example: String, at range: SourceRange) {
    guard secret.plainText != nil else { return }
    error("secret.literal", "\(what) stands in the plan in plain text", at: range, hint: "write \(example)")
  }
}

import SQLText

/// How the server refused a statement.
public struct Refused: Error, Sendable, Hashable {
  public var sqlState: String
  /// The primary message alone: details may hold values of rows.
  public var message: String

  /// 42…: the statement itself is wrong; its message speaks of names and types, not of data.
  public var isAboutStatement: Bool { sqlState.hasPrefix("42") }
  public var isTimeout: Bool { sqlState == "57014" }
}

extension CatalogSource {
  /// Runs a read-only statement for its errors alone. A failure is undone to a savepoint, so that the one transaction
  /// behind all facts goes on.
  public func attempt(_ statement: String, timeout: String? = nil) async throws -> Refused? {
    let conditions = timeout == nil ? "OTHERS" : "OTHERS OR query_canceled"
    let body = """
      BEGIN
        PERFORM set_config('caisson.attempt', '', true);
        EXECUTE \(Quoting.literal(statement));
      EXCEPTION WHEN \(conditions) THEN
        PERFORM set_config('caisson.attempt', SQLSTATE || ' ' || SQLERRM, true);
      END
      """
    return try await withSettings(timeout.map { [("statement_timeout", $0)] } ?? []) {
      _ = try await rows("DO LANGUAGE plpgsql \(literal: body)")
      let answer = try await rows("SELECT current_setting('caisson.attempt') AS answer").first?["answer"] ?? ""
      guard !answer.isEmpty else { return nil }
      return Refused(sqlState: String(answer.prefix(5)), message: String(answer.dropFirst(6)))
    }
  }

  /// With settings of the facts' own transaction, put back afterwards.
  func withSettings<Value: Sendable>(
    _ settings: [(name: String, value: String)], _ body: () async throws -> Value
  ) async throws -> Value {
    var previous: [(name: String, value: String)] = []
    for setting in settings {
      let before = try await rows("SELECT current_setting(\(setting.name)) AS value").first?["value"]
      previous.append((setting.name, before ?? ""))
      _ = try await rows("SELECT set_config(\(setting.name), \(setting.value), true)")
    }
    let value = try await body()
    for setting in previous { _ = try await rows("SELECT set_config(\(setting.name), \(setting.value), true)") }
    return value
  }
}

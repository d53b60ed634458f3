import OnlineDDL
import PluginAPI

extension SwapSubject {
  /// What fills the key where it is NULL; `nil`: it cannot be.
  func nullFill() async throws -> NullFill? {
    guard !key.isNotNull, case .fill(let expression) = wanted.nullKeys else { return nil }
    guard let column = try await LoggedColumn.read([key.name], of: name, facts).first else { return nil }
    return NullFill(
      table: name, primaryKey: try await LoggedColumn.read(primaryKey.columns, of: name, facts), key: column,
      expression: expression.text, name: SwapNames(name, tag: step.runTag).log)
  }

  func nullFindings() async throws -> [Finding] {
    guard !key.isNotNull else { return [] }
    guard case .fill(let expression) = wanted.nullKeys else { return [try await nullRefusal()] }
    let value: SQL = "(\(sql: expression.text)\n)::\(sql: key.type)"
    let counting: SQL = """
      SELECT count(*) AS all, count(*) FILTER (WHERE \(sql: value) IS NULL) AS without FROM \(id: name)
      WHERE \(id: key.name) IS NULL
      """
    if let refused = try await facts.attempt(counting.text) {
      return [.refusal(
        "swap.null_keys", "the server does not take `\(expression.text)` as a value of \(key.name) (\(refused.sqlState))",
        choices: ["null_keys: { fill: … }: an expression over the columns of \(name), of type \(key.type)"],
        at: wanted.$nullKeys)]
    }
    let row = try await facts.rows(counting).first
    let count = try row?.int64("all") ?? 0, without = try row?.int64("without") ?? 0
    if without > 0 {
      return [.refusal(
        "swap.null_keys", "in \(without) of \(count) rows without \(key.name), `\(expression.text)` is NULL as well",
        choices: ["null_keys: { fill: coalesce(…, …) }: a value for every row"], at: wanted.$nullKeys)]
    }
    return [.warning(
      "swap.null_keys",
      "\(count) rows have no \(key.name) and get one (going back takes it from them again); from then on a row without one"
        + " is an error", at: wanted.$nullKeys)]
  }

  private func nullRefusal() async throws -> Finding {
    let count = try await facts.rows("SELECT count(*) FROM \(id: name) WHERE \(id: key.name) IS NULL").first?[0] ?? "0"
    return .refusal(
      "swap.null_keys",
      "\(key.name) may be NULL\(count == "0" ? "" : ", and is in \(count) rows"): a row without a key belongs to no"
        + " partition, and a primary key holds none"
        + (wanted.nullKeys == .default ? ", in the default partition neither: null_keys: default cannot be had" : ""),
      choices: ["null_keys: { fill: created_at }: rows get a key first, and the column is NOT NULL from then on"],
      at: wanted.$nullKeys)
  }

  /// Of the keys that there will be: what is filled lies in a partition as well.
  func keyExtent() async throws -> KeyExtent {
    var extent = try await KeyExtent.read(name, partitionKey, facts)
    guard !key.isNotNull, case .fill(let expression) = wanted.nullKeys else { return extent }
    func known(_ text: String?) -> SQL { text.map { "\(literal: $0)::\(sql: key.type)" } ?? "NULL::\(sql: key.type)" }
    let query: SQL = """
      SELECT least(min(v.value), \(sql: known(extent.least)))::text AS least,
        greatest(max(v.value), \(sql: known(extent.greatest)))::text AS greatest
      FROM (SELECT (\(sql: expression.text)
        )::\(sql: key.type) AS value FROM \(id: name) WHERE \(id: key.name) IS NULL) AS v
      """
    // Refused by a finding.
    guard try await facts.attempt(query.text) == nil else { return extent }
    let row = try await facts.rows(query).first
    extent.least = row?["least"]
    extent.greatest = row?["greatest"]
    return extent
  }
}

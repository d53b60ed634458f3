package import JSONText
package import PostgresClient

/// What of an error goes into the journal: enough to act on, no row values, no DETAIL, no bound values.
package struct ErrorRecord: Sendable, Hashable {
  package var sqlState: String?
  package var message: String
  package var hint: String?
  package var statement: String?
  package var relation: String?
  package var constraint: String?
  /// Id of the operation that met it.
  package var operation: String?

  package init(message: String, hint: String? = nil, operation: String? = nil) {
    self.message = message
    self.hint = hint
    self.operation = operation
  }

  package init(_ error: PostgresError, operation: String? = nil) {
    let names = [error.schema, error.table, error.column, error.constraint].compactMap { $0 }
    sqlState = error.sqlState
    message = Redaction.applies(to: error.sqlState) ? Redaction.message(error.message, keeping: names) : error.message
    hint = error.nextStep
    statement = error.statement.map { String($0.prefix(2000)) }
    relation = error.table.map { table in error.schema.map { "\($0).\(table)" } ?? table }
    constraint = error.constraint
    self.operation = operation
  }

  package var json: JSON {
    let members: [(String, String?)] = [
      ("sqlstate", sqlState), ("message", message), ("hint", hint), ("operation", operation), ("statement", statement),
      ("relation", relation), ("constraint", constraint),
    ]
    return .object(JSONObject(members.compactMap { key, value in value.map { (key, .string($0)) } }))
  }
}

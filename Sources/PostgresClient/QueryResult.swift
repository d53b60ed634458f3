package import SQLText

/// What one statement gave back.
package struct QueryResult: Sendable {
  package let rows: [Row]
  /// The command tag, for example `UPDATE 3`.
  package let tag: String
  /// Rows read or written as the command tag counts them; 0 for commands that count nothing.
  package let affected: Int

  package init(rows: [Row], tag: String, affected: Int) {
    self.rows = rows
    self.tag = tag
    self.affected = affected
  }

  /// The first row's first column.
  package var value: String? { rows.first?[0] }
}

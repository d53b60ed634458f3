public import SQLText

/// Names that are others in what is rendered or compared.
public struct Renaming: Sendable, Hashable {
  /// Tables and views.
  public var tables: [QualifiedName: QualifiedName]
  /// Constraints, indexes, sequences and statistics of the table.
  public var names: [String: String]

  /// Indexes and statistics of views.
  public var parts: [QualifiedName: String]

  public init(
    tables: [QualifiedName: QualifiedName] = [:], names: [String: String] = [:], parts: [QualifiedName: String] = [:]
  ) {
    self.tables = tables
    self.names = names
    self.parts = parts
  }

  public static let none = Renaming()

  func table(_ name: QualifiedName) -> QualifiedName { tables[name] ?? name }
  func part(_ name: QualifiedName) -> QualifiedName { QualifiedName(name.schema, parts[name] ?? name.name) }
  func name(_ name: String) -> String { names[name] ?? name }
  func name(_ name: QualifiedName) -> QualifiedName { QualifiedName(name.schema, self.name(name.name)) }

  /// The server's rendering of an expression, a query or a statement with the tables' new names in it.
  ///
  /// A qualified name is replaced where it is a relation or a row type, the bare one where it qualifies a column or is
  /// an alias. A query whose WITH clause has a name of its own that is a renamed table's cannot be told apart: the
  /// server refuses the result.
  func text(_ text: String) -> String {
    tables.isEmpty ? text : tables.sorted { $0.key < $1.key }.reduce(text) { text, pair in
      ServerText(text).replacing(pair.key, by: pair.value)
    }
  }

  func sql(_ text: String) -> SQL { SQL(verbatim: self.text(text)) }
}

import PluginAPI

/// The columns that order a table's rows and tell each from every other; chunks walk along them.
package struct Keyset: Sendable, Hashable {
  package struct Column: Sendable, Hashable {
    package var name: String
    /// As SQL spells it in a cast.
    package var type: String

    package init(name: String, type: String) {
      self.name = name
      self.type = type
    }
  }

  package var columns: [Column]

  package init(columns: [Column]) { self.columns = columns }

  package var names: [String] { columns.map(\.name) }

  /// `caisson_k1, …`: what the key is called inside a chunk, where no column of the user's can be mistaken for it.
  package var aliases: [String] { columns.indices.map { "caisson_k\($0 + 1)" } }

  package func list(of alias: String) -> String {
    names.map { Quoting.identifier(alias) + "." + Quoting.identifier($0) }.joined(separator: ", ")
  }

  /// `"t"."a" AS "k1", …`
  package func selected(from alias: String) -> String {
    zip(names, aliases).map { "\(Quoting.identifier(alias)).\(Quoting.identifier($0)) AS \(Quoting.identifier($1))" }
      .joined(separator: ", ")
  }

  package var aliasList: String { aliases.map(Quoting.identifier).joined(separator: ", ") }

  /// `"t"."a" = "l"."k1" AND …`
  package func joined(_ alias: String, to chunk: String) -> String {
    zip(names, aliases).map {
      "\(Quoting.identifier(alias)).\(Quoting.identifier($0)) = \(Quoting.identifier(chunk)).\(Quoting.identifier($1))"
    }.joined(separator: " AND ")
  }

  /// The key in a cursor, read back with its own types.
  package func read(_ cursor: String) -> String {
    columns.enumerated().map { "(\(cursor)->>\($0.offset))::\($0.element.type)" }.joined(separator: ", ")
  }

  /// `jsonb_build_array("k1"::text, …)`
  package var cursor: String {
    "jsonb_build_array(" + aliases.map { Quoting.identifier($0) + "::text" }.joined(separator: ", ") + ")"
  }
}

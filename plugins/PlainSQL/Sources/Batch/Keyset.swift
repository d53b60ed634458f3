import PlanSchema
import PluginAPI
import SQLText

/// The columns that order a table's rows and tell each from every other; chunks walk along them.
struct Keyset: Sendable, Hashable {
  struct Column: Sendable, Hashable {
    var name: String
    /// As SQL spells it in a cast.
    var type: String
  }

  var columns: [Column]

  var names: [String] { columns.map(\.name) }

  /// `caisson_k1, …`: what the key is called inside a chunk, where no column of the user's can be mistaken for it.
  var aliases: [String] { columns.indices.map { "caisson_k\($0 + 1)" } }

  func list(of alias: String) -> String {
    names.map { Quoting.identifier(alias) + "." + Quoting.identifier($0) }.joined(separator: ", ")
  }

  /// `"t"."a" AS "k1", …`
  func selected(from alias: String) -> String {
    zip(names, aliases).map { "\(Quoting.identifier(alias)).\(Quoting.identifier($0)) AS \(Quoting.identifier($1))" }
      .joined(separator: ", ")
  }

  var aliasList: String { aliases.map(Quoting.identifier).joined(separator: ", ") }

  /// `"t"."a" = "l"."k1" AND …`
  func joined(_ alias: String, to chunk: String) -> String {
    zip(names, aliases).map {
      "\(Quoting.identifier(alias)).\(Quoting.identifier($0)) = \(Quoting.identifier(chunk)).\(Quoting.identifier($1))"
    }.joined(separator: " AND ")
  }

  /// The key in a cursor, read back with its own types.
  func read(_ cursor: String) -> String {
    columns.enumerated().map { "(\(cursor)->>\($0.offset))::\($0.element.type)" }.joined(separator: ", ")
  }

  /// `jsonb_build_array("k1"::text, …)`
  var cursor: String {
    "jsonb_build_array(" + aliases.map { Quoting.identifier($0) + "::text" }.joined(separator: ", ") + ")"
  }
}

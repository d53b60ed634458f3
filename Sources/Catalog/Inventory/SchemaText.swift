package import SQLText

/// What the catalog says about everything the users of a database have made in it, an entry for each object, so that two
/// moments can be compared. Object identifiers, statistics and what the journal's schema holds are no part of it.
package struct SchemaText: Sendable, Hashable {
  /// `index public.orders_pkey`
  package struct Name: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let kind: String
    package let name: String

    package var description: String { "\(kind) \(name)" }
    package static func < (a: Name, b: Name) -> Bool { (a.kind, a.name) < (b.kind, b.name) }
  }

  /// Objects of one name, such as overloaded operators, are told by their definitions.
  package let entries: [Name: Set<String>]

  /// `hiding`: words that differ from run to run, such as the tags of helper objects.
  package init(_ rows: [Row], hiding: [String] = []) throws {
    var entries: [Name: Set<String>] = [:]
    for row in rows {
      let name = Name(kind: try row.string("kind"), name: Self.hidden(try row.string("name"), hiding))
      entries[name, default: []].insert(Self.hidden(row["definition"] ?? "", hiding))
    }
    self.entries = entries
  }

  private static func hidden(_ text: String, _ words: [String]) -> String {
    words.reduce(text) { $0.replacing($1, with: "…") }
  }

  /// What is different there.
  package func difference(to other: SchemaText) -> [Change] {
    Set(entries.keys).union(other.entries.keys).sorted().compactMap { name in
      let before = entries[name] ?? [], after = other.entries[name] ?? []
      guard before != after else { return nil }
      return Change(name: name, before: before.subtracting(after).sorted(), after: after.subtracting(before).sorted())
    }
  }

  package struct Change: Sendable, Hashable {
    package let name: Name
    /// Definitions that are gone, and those that have come.
    package let before: [String]
    package let after: [String]

    package var verdict: String {
      before.isEmpty ? "is there and was not" : after.isEmpty ? "is gone" : "is not what it was"
    }

    /// A line that says what, and a line for each definition, as a diff writes them.
    package var lines: [String] {
      ["\(name) \(verdict)"] + before.map { "  - \(Self.short($0))" } + after.map { "  + \(Self.short($0))" }
    }

    private static func short(_ definition: String) -> String {
      let line = definition.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      return line.count <= 400 ? line : line.prefix(397) + "…"
    }
  }
}

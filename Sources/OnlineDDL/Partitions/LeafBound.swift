package import PluginAPI

/// One end of a range.
package enum BoundEdge: Sendable, Hashable, Codable {
  case minimum, maximum
  /// As the server prints the value in ISO format and UTC: with an offset where the type has a time zone.
  case value(String)

  package var text: String? { if case .value(let text) = self { text } else { nil } }

  /// As FOR VALUES has it.
  package var sql: SQL {
    switch self {
    case .minimum: "MINVALUE"
    case .maximum: "MAXVALUE"
    case .value(let text): "\(literal: text)"
    }
  }
}

/// Which rows a partition holds.
package enum LeafBound: Sendable, Hashable, Codable {
  /// `from` included, `to` not.
  case range(from: BoundEdge, to: BoundEdge)
  /// Values in the server's text form; `nil` is NULL.
  case list([String?])
  case hash(modulus: Int, remainder: Int)
  case `default`

  package var isDefault: Bool { self == .default }

  /// What follows `ATTACH PARTITION …` and `PARTITION OF …`.
  package var forValues: SQL {
    switch self {
    case .range(let from, let to): "FOR VALUES FROM (\(sql: from.sql)) TO (\(sql: to.sql))"
    case .list(let values):
      "FOR VALUES IN (\(sql: values.map { value in value.map { "\(literal: $0)" } ?? "NULL" }.joined(separator: ", ")))"
    case .hash(let modulus, let remainder):
      "FOR VALUES WITH (MODULUS \(sql: String(modulus)), REMAINDER \(sql: String(remainder)))"
    case .default: "DEFAULT"
    }
  }
}

/// A partition that is to be made.
package struct PlannedLeaf: Sendable, Hashable, Codable {
  package var name: QualifiedName
  package var bound: LeafBound

  package init(name: QualifiedName, bound: LeafBound) {
    self.name = name
    self.bound = bound
  }
}

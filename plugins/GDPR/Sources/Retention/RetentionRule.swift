import OnlineDDL
import PluginAPI

/// Which rows go, as conditions over a row. The row goes by its table's name, as in the author's expressions, whatever
/// relation it is read from.
struct RetentionRule: Sendable {
  let table: BatchTable
  let key: String
  /// SQL of the key's type.
  let cutoff: String
  let except: String?
  /// Foreign keys whose referenced rows stay.
  let keeping: [IncomingReference]
  /// `anonymize`: true for a row that is not done.
  let open: String?

  var alias: String { Quoting.identifier(table.name.name) }

  var isOver: String { "\(alias).\(Quoting.identifier(key)) < \(cutoff)" }

  /// Nothing keeps the row; `nil`: nothing keeps any.
  var isFree: String? {
    var parts: [String] = []
    if let except { parts.append("\(ChunkText.embedded(except)) IS FALSE") }
    for reference in keeping {
      let pairs = zip(reference.columns, reference.keys).map {
        "\"caisson_referring\".\(Quoting.identifier($0)) = \(alias).\(Quoting.identifier($1))"
      }
      parts.append(
        "NOT EXISTS (SELECT FROM \(reference.from.quoted) AS \"caisson_referring\" WHERE "
          + pairs.joined(separator: " AND ") + ")")
    }
    return parts.isEmpty ? nil : parts.joined(separator: " AND ")
  }

  /// Of rows whose time is over: what is to be done with them now.
  var isDue: String? {
    let parts = [isFree, open].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: " AND ")
  }

  /// All of it.
  var condition: String { ([isOver] + [isDue].compactMap { $0 }).joined(separator: " AND ") }

  /// Whether a relation has a row that may not go.
  func keepsSome(of relation: QualifiedName) -> String {
    let goes = ([isOver] + [isFree].compactMap { $0 }).joined(separator: " AND ")
    return "EXISTS (SELECT FROM \(relation.quoted) AS \(alias) WHERE (\(goes)) IS NOT TRUE)"
  }

  /// The same with another cutoff.
  func asking(_ cutoff: String) -> RetentionRule {
    RetentionRule(table: table, key: key, cutoff: cutoff, except: except, keeping: keeping, open: open)
  }
}

/// A foreign key that points to the table.
struct IncomingReference: Sendable, Hashable {
  var constraint: String
  var from: QualifiedName
  /// Of the referring table.
  var columns: [String]
  /// Of ours.
  var keys: [String]
  /// `pg_constraint.confdeltype`.
  var onDelete: String
  /// A lookup by `columns` need not read the whole table.
  var isIndexed: Bool
}

/// A trigger that fires when rows are deleted or updated.
struct FiringTrigger: Sendable, Hashable {
  var name: String
  /// Bits of `pg_trigger.tgtype`.
  var events: Int64
  /// Of `UPDATE OF`; empty: any.
  var columns: [String]
  /// `O`, `A`.
  var state: String
  /// All partitions have it in that state.
  var isUniform: Bool
  /// Its function raises an error somewhere.
  var refuses: Bool
  /// A setting that the function asks for.
  var setting: String?

  /// Made by another step, whose business it is what becomes of the row.
  var isOurs: Bool { name.hasPrefix(KeyLog.triggerPrefix) }

  func fires(on event: Int64, setting changed: Set<String>) -> Bool {
    events & event != 0 && (columns.isEmpty || changed.isEmpty || !changed.isDisjoint(with: columns))
  }

  /// Bits of `tgtype`.
  static let delete: Int64 = 8, update: Int64 = 16
}

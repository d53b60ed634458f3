import PlanSchema
import PluginAPI

/// The map held against the catalog: the one place that knows which rows of which table are whose.
struct ResolvedMap: Sendable {
  var subject: MappedTable
  /// The column everything refers to.
  var key: MappedColumn
  /// In the order of the map, the subject's own among them.
  var tables: [MappedTable]
  /// Notes, warnings and refusals, coverage included.
  var findings: [Finding]

  subscript(name: QualifiedName) -> MappedTable? { tables.first { $0.name == name } }

  /// Reads the map of a step and holds it against the catalog. A map that cannot be read at all is thrown as
  /// `StepRefusal`; everything else stands in `findings`.
  static func read(_ source: Located<MapSource>, _ facts: any Facts) async throws -> ResolvedMap {
    try await resolve(try await source.value.map(facts), at: source.range, facts)
  }

  static func resolve(_ map: DataMap, at range: SourceRange, _ facts: any Facts) async throws -> ResolvedMap {
    try await MapResolver(map: map, range: range, facts: facts).resolve()
  }
}

/// A table of the map, as it is.
struct MappedTable: Sendable {
  var shape: TableShape
  /// Ways to the subject's key; for the subject's own table: none.
  var ways: [ReferenceWay]
  var condition: SubjectCondition?
  var isSubject: Bool
  /// With the map's actions in them.
  var columns: [MappedColumn]
  var basis: String?
  var keep: CalendarInterval?
  var range: SourceRange

  var name: QualifiedName { shape.name }
  var primaryKey: [String] { shape.primaryKey }
  /// Columns the map changes.
  var changed: [MappedColumn] { columns.filter(\.isChanged) }
  /// Whether any row of it is anybody's.
  var isOwned: Bool { isSubject || !ways.isEmpty || condition != nil }
}

/// Foreign keys from a table to the subject's key, nearest first.
struct ReferenceWay: Sendable, Hashable {
  var hops: [ForeignKey]
}

import OnlineDDL
import PluginAPI

/// Ranges of one width over a stretch of a key. The server does the calendar: one clock, one database of time zones.
///
/// Edges are local times of `timezone`, converted one by one; a range lies between two neighbours of the sorted list,
/// so there is no hole and no overlap whatever daylight saving does.
struct RangeCut: Sendable {
  var key: PartitionKey
  var width: PartitionWidth
  var timezone = "UTC"
  /// Where the first range begins.
  var first: KeyPoint
  /// The first edge is cut down to a whole unit: months from January, days from a Monday.
  var alignsFirst = true
  /// Every one of these lies within a range.
  var covering: [KeyPoint] = []
  /// The last range ends here or later.
  var until: KeyPoint?
  /// So many ranges after that.
  var premake = 0
  /// Ranges are counted from so many before `first`: those that are there already count as made ahead.
  var lookBack = 0
  /// More than this is a mistake.
  var limit = 10_000

  /// One range, `label` standing for its start in a name.
  struct Range: Sendable, Hashable {
    var from: BoundEdge
    var to: BoundEdge
    var label: String
    var bound: LeafBound { .range(from: from, to: to) }
  }

  /// The ranges in order; refused where the key or the zone does not allow them.
  func ranges(at mark: SourceRange? = nil, _ facts: any Facts) async throws -> [Range] {
    if let problem = width.problem(for: key) {
      throw StepRefusal("partition.every", problem, choices: ["a width that fits the key"], at: mark)
    }
    if key.kind.isCalendar { try await Zone.check(timezone, at: mark, facts) }
    let rows = try await facts.rows(key.kind.isCalendar ? calendarQuery : numberQuery)
    guard rows.count <= limit else {
      throw StepRefusal(
        "partition.too_many", "more than \(limit) partitions of \(width) would be needed for \(key.column)",
        choices: ["a wider `every`", "`from` and `to`, with a default partition for what lies outside"], at: mark)
    }
    return try RangeCut.pairs(rows)
  }

  /// The same as partitions with names that are free.
  func leaves(
    of table: QualifiedName, naming: LeafNaming, avoiding taken: Set<String> = [], at mark: SourceRange? = nil,
    _ facts: any Facts
  ) async throws -> [PlannedLeaf] {
    let ranges = try await ranges(at: mark, facts)
    let names = naming.names(table: table.name, starts: ranges.map(\.label), avoiding: taken)
    return zip(names, ranges).map { PlannedLeaf(name: QualifiedName(table.schema, $0), bound: $1.bound) }
  }

  private static func pairs(_ rows: [Row]) throws -> [Range] {
    var edges: [(edge: BoundEdge, label: String)] = []
    for row in rows {
      let text = try row.string("edge")
      let edge: BoundEdge = text == "-" ? .minimum : text == "+" ? .maximum : .value(text)
      if edges.last?.edge == edge {
        if edge == .minimum { continue }
        break
      }
      edges.append((edge, edge == .minimum ? "min" : try row.string("label")))
    }
    return zip(edges, edges.dropFirst()).map { Range(from: $0.edge, to: $1.edge, label: $0.label) }
  }
}

/// Time zones as the server knows them.
enum Zone {
  static func check(_ name: String, at mark: SourceRange?, _ facts: any Facts) async throws {
    guard let refused = try await facts.attempt("SELECT now() AT TIME ZONE \(Quoting.literal(name))") else { return }
    throw StepRefusal(
      "partition.timezone", "the server does not know time zone `\(name)` (\(refused.sqlState))",
      choices: ["timezone: UTC", "a name of pg_timezone_names"], at: mark)
  }
}

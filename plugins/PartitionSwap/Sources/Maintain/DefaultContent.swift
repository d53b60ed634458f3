import OnlineDDL
import PluginAPI

/// The rows of a default partition by the range they belong to.
struct DefaultContent: Sendable, Hashable {
  struct Unit: Sendable, Hashable {
    var range: RangeCut.Range
    /// Counted up to one more than `mostRows`.
    var rows: Int
  }

  /// As many as move within half a second, with a margin.
  static let mostRows = 10_000
  /// ATTACH looks through the whole default partition.
  static let mostBytes: Int64 = 128 << 20

  var partition: ExistingPartition
  var units: [Unit]
  /// Units that would overlap a partition that is cut otherwise.
  var irregular: Int
  /// Their rows, each range counted up to one more than `mostRows`.
  var irregularRows = 0
  /// NULL and infinity have no range: they stay.
  var staying: Int

  var isSmall: Bool { partition.bytes <= DefaultContent.mostBytes }

  /// `nil`: no default partition. `planned`: ranges that are to be made anyway.
  static func read(
    _ table: PartitionedTable, _ key: PartitionKey, _ cut: RangeCut, _ planned: [RangeCut.Range], _ facts: any Facts
  ) async throws -> DefaultContent? {
    guard let rest = table.defaultPartition, rest.kind == .table else { return nil }
    var content = DefaultContent(partition: rest, units: [], irregular: 0, staying: 0)
    for row in try await facts.rows(counts(planned, rest, key)) {
      let count = try row.int("rows")
      if count > 0 { content.units.append(Unit(range: planned[try row.int("place") - 1], rows: count)) }
    }
    let known = table.ranges.map { ($0.from?.text, $0.to?.text) } + planned.map { ($0.from.text, $0.to.text) }
    for row in try await facts.rows(cut.unitsQuery(of: rest.name, known: known, most: mostRows)) {
      guard let from = row["from_edge"], let to = row["to_edge"] else {
        content.staying += try row.int("rows")
        continue
      }
      if try row.bool("overlaps") {
        content.irregular += 1
        content.irregularRows += try row.int("rows")
      } else {
        let range = RangeCut.Range(from: .value(from), to: .value(to), label: row["label"] ?? from)
        content.units.append(Unit(range: range, rows: try row.int("rows")))
      }
    }
    return content
  }

  private static func counts(_ ranges: [RangeCut.Range], _ rest: ExistingPartition, _ key: PartitionKey) -> SQL {
    """
    SELECT b.place, (SELECT count(*) FROM (SELECT FROM ONLY \(id: rest.name) t
      WHERE (b.f IS NULL OR t.\(sql: key.name) >= b.f::\(sql: key.type))
        AND (b.t IS NULL OR t.\(sql: key.name) < b.t::\(sql: key.type)) LIMIT \(mostRows + 1)) AS few) AS rows
    FROM unnest(\(ranges.map(\.from.text))::text[], \(ranges.map(\.to.text))::text[]) WITH ORDINALITY AS b(f, t, place)
    ORDER BY b.place
    """
  }

  /// What stays in it, and why.
  func findings(moves: Bool, at mark: SourceRange) -> [Finding] {
    var findings: [Finding] = []
    if !isSmall, !moves {
      findings.append(.warning(
        "partition.default_large",
        "\(partition.name) is larger than \(DefaultContent.mostBytes >> 20) MB: each ATTACH looks"
          + " through all of it under ACCESS EXCLUSIVE, which may not end within max_stall; rows of past ranges"
          + " in it are not moved",
        choices: ["raise max_stall for this step in a quiet hour", "empty it by range in a maintenance window"],
        at: mark))
    }
    if irregular > 0 {
      findings.append(.warning(
        "partition.default_irregular",
        "rows of \(irregular) ranges stay in \(partition.name): a partition of these ranges"
          + " would overlap one that is cut otherwise", choices: ["create partitions for them by hand"], at: mark))
    }
    if staying > 0 {
      findings.append(.note(
        "partition.default_stays",
        "rows with NULL or infinity stay in \(partition.name): no range takes them", at: mark))
    }
    return findings
  }

  func moving(at mark: SourceRange) -> Finding {
    .note(
      "partition.default_moved",
      "rows of \(units.count) ranges in \(partition.name) are copied into partitions of their own while they are written,"
        + " and attached under a short lock; meanwhile a trigger notes the key of every changed row of \(partition.name)."
        + " A rollback after that leaves ranges of more than \(DefaultContent.mostRows) rows in their partitions", at: mark)
  }

  func left(_ why: String, choices: [String], at mark: SourceRange) -> Finding {
    .warning(
      "partition.default_rows",
      "\(partition.name) holds rows of \(units.count) ranges, which have no partition of"
        + " their own while they are there. They stay: \(why)", choices: choices, at: mark)
  }
}

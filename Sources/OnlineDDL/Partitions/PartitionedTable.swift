package import PluginAPI

/// A partitioned table as the catalog has it, with the bounds of its direct partitions.
package struct PartitionedTable: Sendable, Hashable {
  package enum Strategy: String, Sendable, Hashable, Codable { case range, list, hash }

  package var facts: RelationFacts
  package var strategy: Strategy
  /// `nil`: several columns, or an expression.
  package var key: PartitionKey?
  /// Ranges in their order, then everything else by name, a default partition last.
  package var partitions: [ExistingPartition]

  package var name: QualifiedName { facts.name }
  package var defaultPartition: ExistingPartition? { partitions.first { $0.bound == .default } }
  package var ranges: [ExistingPartition] { partitions.filter { if case .range = $0.bound { true } else { false } } }

  /// Where one range ends and the next does not begin.
  package var holes: [(after: ExistingPartition, before: ExistingPartition)] {
    let attached = ranges.filter { !$0.isPendingDetach }
    return zip(attached, attached.dropFirst()).filter { $0.to != $1.from }.map { (after: $0, before: $1) }
  }

  /// Something partitioned under that name; refused where there is nothing, or it is no partitioned table.
  package static func find(_ name: QualifiedName, at mark: SourceRange, _ facts: any Facts) async throws -> PartitionedTable {
    guard let relation = try await facts.relation(name) else {
      let near = try await facts.relationNames(like: name)
      throw StepRefusal(
        "partition.table", "\(name) does not exist" + (near.first.map { "; did you mean \($0)?" } ?? ""),
        choices: near.isEmpty ? ["create the table in an earlier step"] : near.map { "table: \($0)" }, at: mark)
    }
    guard let partitioning = relation.partitioning, let strategy = Strategy(rawValue: partitioning.strategy) else {
      throw StepRefusal(
        "partition.table", "\(name) is a \(relation.kind.noun), not a partitioned table",
        choices: ["make it one with partition.swap in an earlier step"], at: mark)
    }
    let columns = partitioning.hasExpression ? [] : partitioning.columns
    let key = columns.count == 1 ? relation.column(columns[0]).map { PartitionKey($0) } : nil
    return PartitionedTable(
      facts: relation, strategy: strategy, key: key,
      partitions: try await ExistingPartition.all(of: relation.oid, key, facts))
  }
}

/// One direct partition.
package struct ExistingPartition: Sendable, Hashable {
  package var oid: Int64
  package var name: QualifiedName
  package var kind: RelationKind
  /// `nil`: over several columns, which nothing here changes.
  package var bound: LeafBound?
  /// As the server prints it, for people.
  package var boundText: String
  /// `DETACH … CONCURRENTLY` has begun and not finished.
  package var isPendingDetach: Bool
  package var bytes: Int64

  package var from: BoundEdge? { if case .range(let from, _)? = bound { from } else { nil } }
  package var to: BoundEdge? { if case .range(_, let to)? = bound { to } else { nil } }
}

extension ExistingPartition {
  package static func all(of parent: Int64, _ key: PartitionKey?, _ facts: any Facts) async throws -> [ExistingPartition] {
    let found = try await facts.rows(query(parent)).map { row in
      let text = try row.string("bound")
      let bound: LeafBound? = if case .bound(let bound) = BoundText.read(text) { bound } else { nil }
      return ExistingPartition(
        oid: try row.int64("oid"), name: QualifiedName(try row.string("schema"), try row.string("name")),
        kind: RelationKind(rawValue: try row.string("relkind")) ?? .table, bound: bound, boundText: text,
        isPendingDetach: try row.bool("pending"), bytes: try row.int64("bytes"))
    }
    return try await sorted(found, key, facts)
  }

  /// The server compares the bounds: it knows the type.
  private static func sorted(
    _ found: [ExistingPartition], _ key: PartitionKey?, _ facts: any Facts
  ) async throws -> [ExistingPartition] {
    let ranges = found.filter { $0.from != nil }
    let rest = found.filter { $0.from == nil }
    let others = rest.filter { $0.bound != .default } + rest.filter { $0.bound == .default }
    guard let key, ranges.count > 1 else { return ranges + others }
    let places = try await facts.rows(
      """
      SELECT place FROM unnest(\(ranges.map { $0.from?.text })::text[]) WITH ORDINALITY AS b(bound, place)
      ORDER BY bound::\(sql: key.type) NULLS FIRST
      """)
    return try places.map { ranges[try $0.int("place") - 1] } + others
  }

  /// The size is that of the table, its indexes and TOAST; of a partitioned one, of all below it.
  private static func query(_ parent: Int64) -> SQL {
    """
    SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind,
      pg_get_expr(c.relpartbound, c.oid) AS bound, i.inhdetachpending AS pending,
      CASE WHEN c.relkind = 'p' THEN (SELECT coalesce(sum(pg_total_relation_size(t.relid)), 0)::int8
          FROM pg_partition_tree(c.oid) t)
        WHEN c.relkind = 'r' THEN pg_total_relation_size(c.oid) ELSE 0 END AS bytes
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.inhparent = \(parent)::int8::oid
    ORDER BY n.nspname, c.relname
    """
  }
}

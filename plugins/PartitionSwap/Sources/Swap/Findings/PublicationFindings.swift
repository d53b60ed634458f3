import PluginAPI

/// Publications that have the table. A partitioned table is published under the names of its partitions unless the
/// publication publishes as its root: subscribers that have no such tables stop with an error (15 to 18 alike).
extension SwapSubject {
  func publicationFindings() async throws -> [Finding] {
    var findings: [Finding] = []
    for publication in table.publications { findings.append(try await finding(publication)) }
    return findings
  }

  private func finding(_ publication: TableInventory.Publication) async throws -> Finding {
    switch (publication.scope, wanted.publications) {
    case (.allTables, _): return streamed(publication, "all tables")
    case (.schema, _) where wanted.strategy != .attach: return streamed(publication, "all tables of schema \(name.schema)")
    case (.schema, .remove):
      return refusal(
        publication, "publication \(publication.name) has all tables of schema \(name.schema): none of them can be taken out of it",
        ["publications: transfer", "name its tables one by one"])
    case (_, .refuse):
      return refusal(
        publication,
        "\(name) is in publication \(publication.name): subscribers know the table by the publication, and would miss what is"
          + " written after the swap",
        [
          "publications: transfer: the partitioned table takes its place; each subscriber runs ALTER SUBSCRIPTION …"
            + " REFRESH PUBLICATION WITH (copy_data = false) at once",
          "publications: remove: it is not published any more",
        ])
    case (_, .remove):
      return .warning("swap.publication", "\(name) leaves publication \(publication.name)", at: wanted.$publications)
    case (_, .transfer): return try await transferred(publication)
    }
  }

  private func transferred(_ publication: TableInventory.Publication) async throws -> Finding {
    let refresh = "run ALTER SUBSCRIPTION … REFRESH PUBLICATION WITH (copy_data = false) on each subscriber right after the"
      + " cutover"
    guard !publication.publishesViaRoot else {
      return .warning(
        "swap.publication", "\(name) changes in publication \(publication.name): \(refresh)", at: wanted.$publications)
    }
    let others = try await facts.rows(RootPublication.others(publication.name, than: table.relation.oid)).first?[0] ?? ""
    guard others.isEmpty else {
      let readable = QualifiedName.readable(publication.name)
      return refusal(
        publication,
        "publication \(publication.name) publishes partitioned tables under the names of their partitions, and subscribers that"
          + " have \(name) alone would stop with an error; published as its root instead, \(others) would change its name for"
          + " subscribers as well",
        [
          "ALTER PUBLICATION \(readable) SET (publish_via_partition_root = true) first, and refresh each subscriber",
          "a publication of its own for \(name)", "publications: remove: it is not published any more",
        ])
    }
    return .warning(
      "swap.publication",
      "\(name) changes in publication \(publication.name), which from the cutover on has publish_via_partition_root, so that"
        + " subscribers go on with \(name) and need not know its partitions: \(refresh)", at: wanted.$publications)
  }

  private func streamed(_ publication: TableInventory.Publication, _ what: String) -> Finding {
    refusal(
      publication,
      "publication \(publication.name) has \(what): it would stream the copy and its partitions as well, and subscribers that"
        + " do not have them stop with an error",
      ["name its tables one by one", "let its subscribers refresh, and drop it for the time of the swap"])
  }

  private func refusal(_ publication: TableInventory.Publication, _ message: String, _ choices: [String]) -> Finding {
    .refusal("swap.publication", message, choices: choices, at: wanted.$publications)
  }
}

/// `publish_via_partition_root`, for as long as a table that was plain is partitioned.
enum RootPublication {
  /// Partitioned tables that it publishes beside this one, in one text; NULL: none.
  static func others(_ publication: String, than table: Int64) -> SQL {
    """
    SELECT string_agg(DISTINCT r.root::text, ', ') FROM (
      SELECT pg_partition_root(c.oid) AS root
      FROM pg_publication_tables t JOIN pg_namespace n ON n.nspname = t.schemaname
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
      WHERE t.pubname = \(publication) AND (c.relkind = 'p' OR c.relispartition)
      UNION
      SELECT c.oid::regclass FROM pg_publication p JOIN pg_publication_rel m ON m.prpubid = p.oid
      JOIN pg_class c ON c.oid = m.prrelid WHERE p.pubname = \(publication) AND c.relkind = 'p'
    ) AS r WHERE r.root <> \(table)::int8::oid
    """
  }

  /// Before the table is in it: a filter or a list of columns needs it.
  static func on(_ table: TableInventory) -> [SQL] {
    plain(table).map { "ALTER PUBLICATION \(id: $0) SET (publish_via_partition_root = true)" }
  }

  /// After the table has left it: as it was, unless another partitioned table has come to need it.
  static func off(_ before: TableInventory, _ now: TableInventory, _ facts: any Facts) async throws -> [SQL] {
    let today = Set(now.publications.filter(\.publishesViaRoot).map(\.name))
    var statements: [SQL] = []
    for name in plain(before) where today.contains(name) {
      let others = try await facts.rows(others(name, than: now.relation.oid)).first?[0]
      guard others == nil else { continue }
      statements.append("ALTER PUBLICATION \(id: name) SET (publish_via_partition_root = false)")
    }
    return statements
  }

  private static func plain(_ table: TableInventory) -> [String] {
    table.publications.filter { !$0.publishesViaRoot && ($0.scope == .table || $0.scope == .schema) }.map(\.name)
  }
}

import PluginAPI

/// What stands against dropping an index, or should be known before.
struct DropObstacles {
  let index: IndexFacts
  let mark: SourceRange
  let facts: any Facts

  func findings() async throws -> [Finding] {
    try await refusals() + notes()
  }

  private func refusals() async throws -> [Finding] {
    var findings: [Finding] = []
    if let constraint = index.constraint {
      findings.append(.refusal(
        "index.constraint", "\(index.name) enforces constraint \(constraint) of \(index.table)",
        choices: ["drop the constraint with constraint.drop"], at: mark))
    }
    if let parent = index.parent {
      findings.append(.refusal(
        "index.attached", "\(index.name) is attached to \(parent) and lives as long as that",
        choices: ["index.drop \(parent), which drops it on every partition"], at: mark))
    }
    if index.isReplicaIdentity {
      findings.append(.refusal(
        "index.replica_identity", "\(index.name) is the replica identity of \(index.table): without it logical replication"
          + " refuses UPDATE and DELETE",
        choices: ["ALTER TABLE \(index.table.quoted) REPLICA IDENTITY … first"], at: mark))
    }
    for (constraint, table) in try await foreignKeys() {
      findings.append(.refusal(
        "index.foreign_key", "foreign key \(constraint) of \(table) relies on \(index.name)",
        choices: ["drop the foreign key first"], at: mark))
    }
    return findings
  }

  /// A foreign key may point at a plain unique index.
  private func foreignKeys() async throws -> [(String, QualifiedName)] {
    guard index.isUnique, index.constraint == nil else { return [] }
    return try await facts.rows(
      """
      SELECT k.conname AS name, n.nspname AS schema, t.relname AS table_name FROM pg_constraint k
      JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
      WHERE k.contype = 'f' AND k.conindid = \(index.oid)::int8::oid ORDER BY 2, 3, 1
      """
    ).map { (try $0.string("name"), QualifiedName(try $0.string("schema"), try $0.string("table_name"))) }
  }

  private func notes() -> [Finding] {
    var findings: [Finding] = []
    if index.isUnique, index.constraint == nil {
      findings.append(.warning(
        "index.unique", "\(index.name) keeps (\(index.keys.map(\.text).joined(separator: ", "))) unique: without it"
          + " duplicates can come, ON CONFLICT that names these columns fails, and a rollback fails over duplicates",
        at: mark))
    }
    if index.isPartitioned {
      findings.append(.warning(
        "index.partitioned_drop",
        "there is no concurrent way to drop the index of a partitioned table: ACCESS EXCLUSIVE on \(index.table) and"
          + " all its partitions for a moment, within max_stall", at: mark))
    }
    if index.isClustered {
      findings.append(.note("index.clustered", "\(index.table) is marked to be clustered on it", at: mark))
    }
    if !index.isValid, !index.isPartitioned {
      findings.append(.note(
        "index.invalid", "\(index.name) is invalid: rollback does not build it again", at: mark))
    }
    return findings
  }
}

/// `only_if_unused`.
struct UnusedCheck {
  let index: IndexFacts
  let limit: IndexDrop.Unused
  let mark: SourceRange
  let facts: any Facts

  func findings() async throws -> [Finding] {
    let usage = try await facts.usage(of: index)
    var findings: [Finding] = []
    if usage.scans > Int64(limit.scans) {
      let last = usage.lastScanAge.map { ", the last \(TimeSpan.seconds(Int64($0))) ago" } ?? ""
      findings.append(.refusal(
        "index.used", "\(index.name) was scanned \(usage.scans) times since the statistics were reset\(last)",
        choices: ["keep it", "raise only_if_unused.scans", "leave only_if_unused out"], at: mark))
    }
    let age = TimeSpan.seconds(Int64(usage.statisticsAge))
    if .milliseconds(Int64(usage.statisticsAge * 1_000)) < limit.statsAge {
      findings.append(.refusal(
        "index.statistics_young", "the statistics of this server are \(age) old, not \(limit.statsAge): an index of a"
          + " monthly report would look unused",
        choices: ["wait", "lower only_if_unused.stats_age"], at: mark))
    }
    let replicas = try await facts.rows("SELECT count(*) AS n FROM pg_stat_replication").first?.int("n") ?? 0
    if replicas > 0 {
      findings.append(.warning(
        "index.replicas", "\(replicas) replicas are connected: their scans are counted there, not here",
        choices: ["ask pg_stat_user_indexes on each of them"], at: mark))
    }
    return findings
  }
}

import PluginAPI

/// How the table is made a partitioned one, and why.
struct StrategyChoice {
  var isAttach: Bool
  var findings: [Finding]

  /// A copy of more takes hours, and as much disk and WAL again.
  static let largeBytes: Int64 = 50 << 30
  /// Writes a second from which a copy has a hard time keeping up.
  static let busyWrites = 2_000.0

  static func of(_ subject: SwapSubject) async throws -> StrategyChoice {
    let wanted = subject.wanted
    switch wanted.strategy {
    case .copy: return StrategyChoice(isAttach: false, findings: [])
    case .attach: return StrategyChoice(isAttach: true, findings: subject.attachObstacles.map { refusal($0, wanted) })
    case .auto: return try await automatic(subject)
    }
  }

  private static func refusal(_ obstacle: String, _ wanted: PartitionSwap.Parameters) -> Finding {
    .refusal(
      "swap.attach", "with `strategy: attach`, \(obstacle)", choices: ["strategy: copy"], at: wanted.$strategy)
  }

  private static func automatic(_ subject: SwapSubject) async throws -> StrategyChoice {
    let writes = try await writesPerSecond(subject)
    let size = subject.size.bytes.inBytes
    let measured = "\(size)" + (writes.map { ", about \(Int($0.rounded())) written rows a second" } ?? "")
    func choose(_ isAttach: Bool, _ why: String) -> StrategyChoice {
      let other = isAttach
        ? "`strategy: copy` would partition the history as well, for \(size) more disk and as much WAL"
        : "`strategy: attach` would move no row, and leave the history one partition"
      return StrategyChoice(
        isAttach: isAttach,
        findings: [
          .note(
            "swap.strategy", "`strategy: \(isAttach ? "attach" : "copy")`: \(why) (\(measured); the server does not say how"
              + " much disk is free). \(other)", at: subject.wanted.$strategy)
        ])
    }
    if let obstacle = subject.attachObstacles.first { return choose(false, obstacle) }
    if subject.wanted.from != nil { return choose(false, "`from` asks for partitions of what is there already") }
    if subject.size.bytes > largeBytes { return choose(true, "copying more than \(largeBytes.inBytes) takes hours") }
    if let writes, writes > busyWrites, subject.size.bytes > largeBytes / 10 {
      return choose(true, "a copy of this size has a hard time keeping up with so many writes")
    }
    return choose(false, "the table is small enough to be copied, and its history is partitioned too")
  }

  /// Since the statistics were reset; `nil` without an hour of them.
  private static func writesPerSecond(_ subject: SwapSubject) async throws -> Double? {
    let row = try await subject.facts.rows(
      """
      SELECT s.n_tup_ins + s.n_tup_upd + s.n_tup_del AS writes,
        extract(epoch FROM now() - coalesce(d.stats_reset, pg_postmaster_start_time()))::int8 AS seconds
      FROM pg_stat_all_tables s, pg_stat_database d
      WHERE s.relid = \(subject.table.relation.oid)::int8::oid AND d.datname = current_database()
      """
    ).first
    guard let row else { return nil }
    let seconds = try row.int64("seconds")
    return seconds < 3_600 ? nil : Double(try row.int64("writes")) / Double(seconds)
  }
}

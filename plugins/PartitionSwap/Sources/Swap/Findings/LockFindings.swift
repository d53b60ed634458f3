import OnlineDDL
import PluginAPI

extension SwapSubject {
  /// The cutover locks every partition, and the server's planner their indexes; its lock table has a fixed size
  /// (PostgreSQL documentation, "Lock Management").
  func lockFindings(_ leaves: [PlannedLeaf]) async throws -> [Finding] {
    let row = try await facts.rows(
      """
      SELECT current_setting('max_locks_per_transaction')::int AS each, current_setting('max_connections')::int
        + current_setting('max_prepared_transactions')::int AS sessions
      """
    ).first
    let each = try row?.int64("each") ?? 64, sessions = try row?.int64("sessions") ?? 100
    let needed = Int64(leaves.count * (copyIndexes().count + 2) + 100)
    guard needed > each * sessions * 8 / 10 else { return [] }
    let wanted = (needed * 10 / 8) / sessions + 1
    return [
      .refusal(
        "swap.locks",
        "\(leaves.count) partitions with their indexes take about \(needed) locks at the cutover, and the server has room for"
          + " \(each * sessions) in all",
        choices: [
          "ALTER SYSTEM SET max_locks_per_transaction = \(wanted), and restart the server; standbys first, which need as much",
          "every: a wider partition",
        ], at: self.wanted.$every)
    ]
  }
}

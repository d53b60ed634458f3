import TestSupport
import Testing

/// plans/drain-fortin: what its README promises.
@Suite(.serialized, .database, .ownTime(.minutes(10))) struct CallCentrePlanTests {
  private static let pages = Dashboards(folder: "drain-fortin", keys: "SELECT 1 AS key")
  private static let staff = ["request.jwt.claim.role": "service_role"]
  private static let shown = ["daily_call_summary", "priority_distribution", "call_days"]

  private func calls(_ view: String) -> String {
    switch view {
    case "priority_distribution": "SELECT coalesce(sum(n), 0) FROM \(view)"
    case "realtime_metrics": "SELECT calls_last_day FROM \(view)"
    case "vapi_calls": "SELECT count(*) FROM \(view)"
    default: "SELECT coalesce(sum(calls), 0) FROM \(view)"
    }
  }

  @Test("the recommended view is an error, and the views that are there show everybody every call")
  func recommended() async throws {
    let desk = try await PlanDesk("drain-fortin", scale: "0.1")
    let clock = "CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM vapi_calls WHERE created_at > now() - "
    #expect(try await desk.refusal("\(clock) '1 hour'") == "22007")
    #expect(try await desk.refusal("\(clock) interval '1 hour'") == "ok")
    #expect(try await desk.seen(calls("vapi_calls"), by: "authenticated") == "0")
    #expect(try await desk.seen(calls("priority_distribution"), by: "authenticated") == "10240")
    await desk.close()
  }

  @Test("a view shows each role what the table shows it, the figures are those of the table, and it all goes back")
  func thereAndBack() async throws {
    let desk = try await PlanDesk("drain-fortin", scale: "0.1")
    let before = try await desk.catalog()
    try await desk.apply()
    try await Self.pages.check(on: desk)
    try await roles(desk)
    try await changes(desk)
    try await desk.rollBack(to: before)
    await desk.close()
  }

  /// Role by role and view by view.
  private func roles(_ desk: PlanDesk) async throws {
    for view in Self.shown + ["realtime_metrics", "vapi_calls"] {
      let query = calls(view)
      let all = try await desk.value(query)
      #expect(all.flatMap { Int($0) } ?? 0 > 100, "\(view)")
      #expect(try await desk.seen(query, by: "anon") == "42501", "\(view)")
      #expect(try await desk.seen(query, by: "anon", Self.staff) == "42501", "\(view)")
      #expect(try await desk.seen(query, by: "authenticated") == "0", "\(view)")
      #expect(try await desk.seen(query, by: "authenticated", Self.staff) == all, "\(view)")
      #expect(try await desk.seen(query, by: "service_role") == all, "\(view)")
    }
    #expect(try await desk.seen("SELECT calls_last_hour > 0 AND duration_p95 > 0 FROM realtime_metrics", by: "service_role") == "t")
    try await desk.run("SET enable_seqscan = off")
    let plan = try await desk.values("EXPLAIN SELECT * FROM realtime_metrics").joined()
    #expect(plan.contains("idx_vapi_calls_created_at"), "\(plan)")
    try await desk.run("RESET enable_seqscan")
  }

  /// A call of now, one entered late and one whose status changes: all in the summaries after the next run.
  private func changes(_ desk: PlanDesk) async throws {
    try await desk.run(
      """
      INSERT INTO vapi_calls (call_id, status, priority, duration, created_at)
        VALUES ('new', 'completed', 'P1', 60, now()), ('late', 'completed', 'P2', 60, now() - interval '20 days');
      UPDATE vapi_calls SET status = 'failed' WHERE call_id = 'live_9'
      """)
    #expect(try await Self.pages.differences("realtime", .shown, on: desk) == 0)
    #expect(try await Self.pages.differences("daily", .shown, on: desk) ?? 0 > 0)
    try await desk.refresh()
    for name in Self.pages.names { #expect(try await Self.pages.differences(name, .shown, on: desk) == 0, "\(name)") }
  }
}

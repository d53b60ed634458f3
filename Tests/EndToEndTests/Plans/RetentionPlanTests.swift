import TestSupport
import Testing

/// plans/zenfleet/retention.yaml and plans/boosterz/cleanup.yaml: what their READMEs promise.
@Suite(.serialized, .database, .contrib("btree_gist"), .ownTime(.minutes(10))) struct RetentionPlanTests {
  /// The log by half-years: fewer partitions than in the plan, and two of them over.
  private static let partitions = "  audit-by-month: { with: { every: 6 months, premake: 1, verify: count } }"

  @Test("half-years that are over leave whole, the rest in batches; reviews are kept, the log is append-only as before")
  func auditLog() async throws {
    let desk = try await PlanDesk(
      "zenfleet", plan: "partitions.yaml", environment: "staging-partitions.yaml", scale: "0.1", more: Self.partitions)
    let swapped = try await desk.project.run("apply", "--until", "audit-by-month", "--yes")
    #expect(swapped.exit == 0, "\(swapped.stdout)\(swapped.stderr)")
    try desk.use("zenfleet", plan: "retention.yaml", environment: "staging-retention.yaml")
    try await undecided(desk)
    let entries = try await desk.value("SELECT count(*) FROM comprehensive_audit_logs WHERE \(Self.isOver)")
    let reviews = try await desk.value("SELECT count(*) FROM audit_log_reviews")
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'comprehensive_audit_logs'::regclass"
    let before = try await desk.value(partitions)
    #expect(Int(entries ?? "") ?? 0 > 100)
    try await desk.apply()
    #expect(try await desk.value("SELECT count(*) FROM comprehensive_audit_logs WHERE \(Self.isOver)") == "0")
    #expect(Int(try await desk.value(partitions) ?? "") ?? 0 <= (Int(before ?? "") ?? 0) - 2)
    #expect(
      try await desk.value("SELECT (SELECT count(*) FROM audit_log_reviews) + (SELECT count(*) FROM retained.audit_log_reviews)") == reviews)
    #expect(try await desk.value("SELECT count(*) > 0 FROM retained.audit_log_reviews") == "t")
    #expect(try await desk.refusal("DELETE FROM comprehensive_audit_logs") == "42501")
    try await secondRun(desk)
    try await consents(desk)
    await desk.close()
  }

  private static let isOver = "occurred_at < (now() AT TIME ZONE 'UTC') - interval '7 years'"

  /// Without its decisions the plan is refused, and each is asked for.
  private func undecided(_ desk: PlanDesk) async throws {
    let plan = desk.project.text("retention.yaml")
    try desk.edit("retention.yaml") { text in
      let words = ["references:", "triggers:", "needs: [reviews-by-time", "needs: [reviews-retention]"]
      return text.split(separator: "\n").filter { line in !words.contains { line.contains($0) } }.joined(separator: "\n")
    }
    let refused = try await desk.project.run("plan")
    #expect(refused.exit == 5, "\(refused.stdout)\(refused.stderr)")
    for words in [
      "setting: zenfleet.allow_audit_maintenance, to: \"on\"", "references: { audit_log_reviews_audit_log_id_fkey: keep }",
      "uses: index.create, with: { table: public.audit_log_reviews, columns: [audit_log_id",
    ] { #expect(refused.stdout.contains(words), "\(words)") }
    try desk.edit("retention.yaml") { _ in plan }
  }

  /// The worker comes by again: nothing is left to do.
  private func secondRun(_ desk: PlanDesk) async throws {
    let rows = "SELECT md5(string_agg(tableoid::text || ctid::text, ' ' ORDER BY id)) FROM comprehensive_audit_logs"
    let before = try await desk.value(rows)
    try await desk.refresh()
    #expect(try await desk.value(rows) == before)
  }

  private func consents(_ desk: PlanDesk) async throws {
    let user = try await desk.value("SELECT max(id) FROM users") ?? ""
    for _ in 1...2 { _ = try await desk.seen("SELECT consents_grant(\(user), 'newsletter', '2026-01')", by: "zenfleet_app") }
    #expect(try await desk.value("SELECT count(*) FROM consents") == "0", "seen() rolls back")
    try await desk.run("SELECT consents_grant(\(user), 'newsletter', '2026-01', 'the form'); SELECT consents_withdraw(\(user), 'newsletter')")
    #expect(try await desk.seen("SELECT granted FROM consents_current WHERE subject = \(user)", by: "zenfleet_dpo") == "f")
    #expect(try await desk.seen("SELECT count(*) FROM consents", by: "zenfleet_app") == "42501")
    try await desk.run("SELECT consents_forget(\(user))")
    #expect(try await desk.value("SELECT count(*) || ' ' || (SELECT count(*) FROM consents_subjects) FROM consents") == "2 0")
  }

  @Test("notifications that were read half a year ago go in batches, those nobody has read stay")
  func notifications() async throws {
    let desk = try await PlanDesk("boosterz", plan: "cleanup.yaml", environment: "staging-cleanup.yaml", scale: "0.1")
    let kept = "SELECT count(*) FROM notifications WHERE read_at IS NULL OR created_at >= now() - interval '6 months'"
    let before = try await desk.value(kept)
    let all = try await desk.value("SELECT count(*) FROM notifications")
    try await desk.apply()
    #expect(try await desk.value("SELECT count(*) FROM notifications") == before)
    #expect(before != all)
    #expect(try await desk.value("SELECT sum(chunks) > 1 FROM caisson.task WHERE operation = 'batch'") == "t")
    await desk.close()
  }
}

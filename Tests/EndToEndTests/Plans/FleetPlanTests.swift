import TestSupport
import Testing

/// plans/zenfleet/partitions.yaml: what its README promises.
@Suite(.serialized, .database, .contrib("btree_gist"), .ownTime(.minutes(10))) struct FleetPlanTests {
  private static let swapped = ["comprehensive_audit_logs", "assignments", "vehicle_mileage_readings"]
  private static let tables = swapped + ["audit_log_reviews", "assignment_handovers", "assignment_comments"]
  /// Wider ranges than in the plan, so that there are fewer of them; and one more than the swap makes.
  private static let more = """
      audit-by-month: { with: { every: 6 months, premake: 2 } }
      audit-ahead: { with: { every: 6 months, premake: 3 } }
      mileage-ahead: { with: { premake: 4 } }
    """

  private func desk() async throws -> PlanDesk {
    try await PlanDesk(
      "zenfleet", plan: "partitions.yaml", environment: "staging-partitions.yaml", scale: "0.1", more: Self.more)
  }

  @Test("without its decisions the plan is refused, and each is asked for by name; so is the recommended split by year")
  func refused() async throws {
    let desk = try await desk()
    try desk.edit("partitions.yaml") { plan in
      let words = ["unique:", "incoming_foreign_keys:", "_fkey: composite", "publications:", "modulus:", "naming:"]
      return plan.split(separator: "\n").filter { line in !words.contains { line.contains($0) } }.joined(separator: "\n")
        .replacing("by: organization_id", with: "by: start_datetime").replacing("method: hash", with: "every: 1 year")
    }
    let plan = try await desk.project.run("plan")
    #expect(plan.exit == 5, "\(plan.stderr)")
    for object in [
      "audit_uuid_key", "audit_log_reviews_audit_log_id_fkey", "assignment_handovers_assignment_id_fkey",
      "assignment_comments_assignment_id_fkey", "publications: transfer", "assignments_vehicle_no_overlap: per_partition",
      "assignments_driver_no_overlap: per_partition", "compares by equality, with `method: hash`",
    ] { #expect(plan.stdout.contains(object), "\(object)") }
    #expect(try await desk.value("SELECT to_regnamespace('caisson') IS NULL") == "t")
    await desk.close()
  }

  @Test("nothing begins without an archive and a standby: neither is there, and the gates say so")
  func gated() async throws {
    let desk = try await desk()
    try desk.project.write("environment: staging\nplan: partitions.yaml\ntarget: ${env:TARGET}\naccept_irreversible: "
      + "[audit-by-month, assignments-by-organisation, mileage-by-year]\n", to: "staging.yaml")
    let applied = try await desk.project.run("apply", "--yes")
    #expect(applied.exit == 5, "\(applied.stdout)\(applied.stderr)")
    #expect(applied.stdout.contains("backup: archive_mode is off") && applied.stdout.contains("standbys: no standby is connected"), "\(applied.stdout)")
    #expect(try await desk.value("SELECT count(*) FROM caisson.step WHERE attempt > 0") == "0")
    await desk.close()
  }

  @Test("the three tables keep every promise, and go back")
  func thereAndBack() async throws {
    let desk = try await desk()
    let before = try await desk.inventories(Self.tables)
    let plan = try await desk.project.run("plan")
    #expect(plan.stdout.contains("REFRESH PUBLICATION WITH (copy_data = false)"), "\(plan.stdout)")
    #expect(plan.stdout.contains("stays as strict as it is") && !plan.stdout.contains("conflicts across bounds"))
    let applied = try await desk.project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    try await numbers(desk)
    try await audit(desk)
    try await assignments(desk)
    try await privacy(desk)
    try await future(desk)
    let rows = try await desk.value(Self.rows)
    let back = try await desk.project.run("rollback", "--yes")
    #expect(back.exit == 0, "\(back.stdout)\(back.stderr)")
    #expect(try await desk.differences(from: before) == [])
    #expect(try await desk.value(Self.rows) == rows)
    #expect(try await desk.value("SELECT count(*) FROM comprehensive_audit_logs WHERE event_type = 'after'") == "3")
    await desk.close()
  }

  private static let rows = "SELECT concat_ws(' ', " + tables.map { "(SELECT count(*) FROM \($0))" }.joined(separator: ", ") + ")"
  private static let entry = "INSERT INTO comprehensive_audit_logs (event_category, event_type, risk_level, uuid, occurred_at) VALUES"

  /// Sequences go on where they were: the next number is none that is there.
  private func numbers(_ desk: PlanDesk) async throws {
    for (table, insert) in [
      ("comprehensive_audit_logs", "\(Self.entry) ('data', 'after', 5, gen_random_uuid(), now())"),
      (
        "assignments",
        "INSERT INTO assignments (organization_id, vehicle_id, driver_id, start_datetime, end_datetime) VALUES (1, 6, 6, '2050-01-01', '2050-01-02')"
      ),
      (
        "vehicle_mileage_readings",
        "INSERT INTO vehicle_mileage_readings (organization_id, vehicle_id, recorded_at, mileage) VALUES (1, 1, now(), 1)"
      ),
    ] {
      let most = try await desk.value("SELECT max(id) FROM \(table)") ?? ""
      try await desk.run(insert)
      #expect(try await desk.value("SELECT max(id) = \(most) + 1 FROM \(table)") == "t", "\(table)")
    }
  }

  private func audit(_ desk: PlanDesk) async throws {
    // The same uuid in another partition.
    let uuid = try await desk.value("SELECT uuid FROM comprehensive_audit_logs ORDER BY id LIMIT 1") ?? ""
    #expect(try await desk.refusal("\(Self.entry) ('data', 'x', 0, '\(uuid)', now())") == "23505 audit_uuid_key")
    // Append-only, and the trigger that was off is off.
    let entry = "event_type = 'after'"
    #expect(try await desk.refusal("DELETE FROM comprehensive_audit_logs WHERE \(entry)") == "42501")
    let off = "SELECT bool_and(tgenabled = 'D') FROM pg_trigger WHERE tgname = 'audit_legacy_off'"
    #expect(try await desk.value(off) == "t")
    // Views show what is written now.
    #expect(try await desk.value("SELECT count(*) FROM v_audit_security WHERE \(entry)") == "1")
    #expect(try await desk.value("SELECT n FROM v_audit_security_daily WHERE organization_id IS NULL AND day = current_date") == "1")
    // Reviews: none without an entry, and they go with it.
    let review = "INSERT INTO audit_log_reviews (audit_log_id, verdict)"
    #expect(try await desk.refusal("\(review) VALUES (999999999, 'x')").hasPrefix("23503"))
    try await desk.run("\(Self.entry) ('data', 'gone', 0, gen_random_uuid(), now())")
    try await desk.run("\(review) SELECT id, 'gone' FROM comprehensive_audit_logs WHERE event_type = 'gone'")
    try await desk.run(
      "BEGIN; SET LOCAL zenfleet.allow_audit_maintenance = on; DELETE FROM comprehensive_audit_logs WHERE event_type = 'gone'; COMMIT")
    #expect(try await desk.value("SELECT count(*) FROM audit_log_reviews WHERE verdict = 'gone'") == "0")
    #expect(
      try await desk.value(
        "SELECT count(*) FROM pg_publication_rel r JOIN pg_class c ON c.oid = prrelid WHERE relkind = 'p'") == "2")
  }

  /// Over New Year's Eve as well: one vehicle, one driver.
  private func assignments(_ desk: PlanDesk) async throws {
    let insert = "INSERT INTO assignments (organization_id, vehicle_id, driver_id, start_datetime, end_datetime) VALUES"
    try await desk.run("\(insert) (1, 6, 6, '2060-12-30', '2061-01-10')")
    for (vehicle, driver) in [(6, 21), (11, 6)] {
      let said = try await desk.refusal("\(insert) (1, \(vehicle), \(driver), '2061-01-02', '2061-01-05')")
      #expect(said.hasPrefix("23P01"), "\(said)")
    }
    #expect(try await desk.refusal("\(insert) (1, 11, 21, '2061-01-02', '2061-01-05')") == "ok")
    #expect(try await desk.value("SELECT sum(duration_hours)::int FROM assignments WHERE start_datetime = '2060-12-30'") == "264")
    // Handovers go with their assignment, a comment forbids its removal.
    let mine = "(SELECT id FROM assignments WHERE start_datetime = '2060-12-30')"
    try await desk.run("INSERT INTO assignment_handovers (assignment_id, kind) VALUES (\(mine), 'out')")
    #expect(try await desk.refusal("INSERT INTO assignment_handovers (assignment_id, kind) VALUES (-1, 'out')").hasPrefix("23503"))
    try await desk.run("INSERT INTO assignment_comments (assignment_id, body) VALUES (\(mine), 'matrix')")
    #expect(try await desk.refusal("DELETE FROM assignments WHERE id = \(mine)").hasPrefix("23"))
    try await desk.run("DELETE FROM assignment_comments WHERE body = 'matrix'")
    let handovers = try await desk.value("SELECT count(*) FROM assignment_handovers")
    try await desk.run("DELETE FROM assignments WHERE id = \(mine)")
    #expect(try await desk.value("SELECT count(*) + 1 FROM assignment_handovers") == handovers)
    let reading = "INSERT INTO vehicle_mileage_readings (organization_id, vehicle_id, recorded_at, mileage)"
    let twice = "\(reading) SELECT 1, vehicle_id, recorded_at, 1 FROM vehicle_mileage_readings ORDER BY id LIMIT 1"
    #expect(try await desk.refusal(twice).hasPrefix("23505"))
  }

  /// Partitions, those made later included, show nobody what the table hides.
  private func privacy(_ desk: PlanDesk) async throws {
    let table = "comprehensive_audit_logs"
    let leaf = try await desk.value("SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = '\(table)'::regclass")
    #expect(try await desk.refusal("SELECT FROM \(leaf ?? "")", as: "zenfleet_app") == "42501")
    try await desk.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO zenfleet_ro")
    let seen = try await desk.seen(by: "zenfleet_ro", in: [table, "assignments"]).filter { $0.key != "vehicle_mileage_readings_old" }
    #expect(seen.count > 35 && seen.filter { $0.value != "0" } == [:], "\(seen)")
    try await desk.run("REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM zenfleet_ro")
    try await desk.run("GRANT SELECT (id, organization_id, event_type, occurred_at) ON \(table) TO zenfleet_ro")
  }

  private func future(_ desk: PlanDesk) async throws {
    for month in [1, 6, 12, 18] {
      let at = "now() + interval '\(month) months'"
      #expect(try await desk.refusal("\(Self.entry) ('data', 'x', 0, gen_random_uuid(), \(at))") == "ok", "\(month)")
    }
    for _ in 1...2 { try await desk.run("\(Self.entry) ('data', 'after', 0, gen_random_uuid(), now() + interval '1 month')") }
    for table in Self.swapped {
      #expect(try await desk.refusal("TRUNCATE \(table)_old CASCADE").hasPrefix("40001"), "\(table)")
    }
  }
}

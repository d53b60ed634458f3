import TestSupport
import Testing

/// plans/zenfleet/views.yaml: what its README promises.
@Suite(.serialized, .database, .contrib("btree_gist"), .ownTime(.minutes(10))) struct FleetViewsPlanTests {
  private static let views = ["mv_vehicle_stats", "mv_driver_stats", "mv_financial_analytics"]
  private static let pages = Dashboards(folder: "zenfleet", keys: "SELECT id AS key FROM organizations")
  /// Refreshed as often as it is asked for.
  private static let more = """
    steps:
      vehicle-stats: { with: { refresh: { min_interval: 0s } } }
      driver-stats: { with: { refresh: { min_interval: 0s } } }
      financial-analytics: { with: { refresh: { min_interval: 0s } } }
    """

  private func desk() async throws -> PlanDesk {
    try await PlanDesk("zenfleet", plan: "views.yaml", environment: "staging-views.yaml", scale: "0.1", more: Self.more)
  }

  @Test(
    "the recommended queries count joins: seven times the vehicles, five times the hours",
    arguments: [
      // 39 vehicles with seven completed operations each, 14 of them assigned.
      ("fleet", "total_vehicles, assigned_vehicles", "organization_id = 1", "273 98", "39 14"),
      // 30 assignments, one of them cancelled, and five sanctions, each counted with each.
      ("drivers", "assignments, active_sanctions, round(hours)", "driver_id = 96", "150 150 111025", "29 5 21462"),
    ])
  func figures(name: String, columns: String, row: String, wrong: String, right: String) async throws {
    let desk = try await desk()
    for (text, expected) in [(".report", wrong), (".proof", right)] {
      let query = HouseTree.text("plans/zenfleet/dashboards/\(name)\(text).sql")
      let said = try await desk.value("SELECT concat_ws(' ', \(columns)) FROM (\n\(query)\n) page WHERE \(row)")
      #expect(said == expected, "\(name)\(text)")
    }
    await desk.close()
  }

  @Test("the views say what the tables say, stay so, hide what the tables hide, and go again")
  func thereAndBack() async throws {
    let desk = try await desk()
    let before = try await desk.catalog()
    try await desk.apply()
    try await Self.pages.check(on: desk)
    try await definitions(desk)
    try await tenants(desk)
    try await changes(desk)
    try await desk.rollBack(to: before)
    await desk.close()
  }

  /// A plain unique key, a comment, and nothing in it that was true only when it was refreshed.
  private func definitions(_ desk: PlanDesk) async throws {
    for view in Self.views {
      let keyed = """
        SELECT count(*) = 1 FROM pg_index WHERE indrelid = '\(view)'::regclass AND indisunique AND indisvalid
          AND indpred IS NULL AND indexprs IS NULL
        """
      #expect(try await desk.value(keyed) == "t", "\(view)")
      #expect(try await desk.value("SELECT obj_description('\(view)'::regclass) LIKE '%tenants read%'") == "t", "\(view)")
      let clock = "SELECT pg_get_viewdef('\(view)'::regclass) ~* 'now\\(|current_(date|time)|clock_time'"
      #expect(try await desk.value(clock) == "f", "\(view)")
    }
    let licence = "SELECT count(*) = 0 FROM driver_stats WHERE licence_expired <> (licence_valid_until < current_date)"
    #expect(try await desk.value(licence) == "t")
  }

  /// An organisation sees itself, through the views as through the tables.
  private func tenants(_ desk: PlanDesk) async throws {
    for view in Self.views {
      let role = "zenfleet_app"
      #expect(try await desk.seen("SELECT count(*) FROM \(view)", by: role, ["app.org": "1"]) == "42501", "\(view)")
      #expect(try await desk.seen("SELECT count(*) > 1 FROM \(view)", by: "zenfleet_dpo") == "t", "\(view)")
    }
    for view in ["vehicle_stats", "driver_stats", "financial_analytics", "audit_months", "audit_years"] {
      let seen = "SELECT coalesce(string_agg(DISTINCT organization_id::text, ' '), 'none') FROM \(view)"
      #expect(try await desk.seen(seen, by: "zenfleet_app", ["app.org": "2"]) == "2", "\(view)")
      #expect(try await desk.seen(seen, by: "zenfleet_app") == "none", "\(view)")
      #expect(try await desk.seen(seen, by: "zenfleet_ro") == "42501", "\(view)")
    }
  }

  /// Writes go on; what they change is in the views after the next refresh.
  private func changes(_ desk: PlanDesk) async throws {
    try await desk.run(
      """
      UPDATE vehicles SET deleted_at = now() WHERE id = 6;
      DELETE FROM driver_sanctions WHERE driver_id = 96;
      INSERT INTO vehicle_expenses (organization_id, vehicle_id, expense_date, amount) VALUES (1, 1, current_date, 12.34);
      INSERT INTO comprehensive_audit_logs (organization_id, event_category, event_type) VALUES (1, 'security', 'after')
      """)
    for name in Self.pages.names {
      #expect(try await Self.pages.differences(name, .shown, on: desk) ?? 0 > 0, "\(name)")
    }
    try await desk.refresh()
    for name in Self.pages.names { #expect(try await Self.pages.differences(name, .shown, on: desk) == 0, "\(name)") }
  }
}

import TestSupport
import Testing

/// plans/phase4: what its README promises.
@Suite(.serialized, .database, .ownTime(.minutes(10))) struct OrdersPlanTests {
  private static let swapped = ["orders", "digital_product_downloads", "transaction_logs"]
  private static let tables = swapped + ["order_items", "payments"]
  private static let rows = """
    SELECT concat_ws(' ', (SELECT count(*) FROM orders), (SELECT count(*) FROM order_items), (SELECT count(*) FROM payments),
      (SELECT count(*) FROM digital_product_downloads), (SELECT count(*) FROM transaction_logs))
    """
  /// One partition more than the swap makes, so that the maintenance has something to do.
  private static let more = """
      orders-ahead: { with: { premake: 13 } }
      downloads-ahead: { with: { premake: 4 } }
    """

  @Test("without its decisions the plan is refused, and each is asked for by name")
  func refused() async throws {
    let desk = try await PlanDesk("phase4", scale: "0.05")
    try desk.edit { plan in
      let words = ["null_keys:", "unique:", "_key: guard", "incoming_foreign_keys:", "_fkey: composite"]
      return plan.split(separator: "\n").filter { line in !words.contains { line.contains($0) } }.joined(separator: "\n")
    }
    let plan = try await desk.project.run("plan")
    #expect(plan.exit == 5, "\(plan.stderr)")
    for object in [
      "orders_payment_intent_id_key", "orders_order_number_key", "order_items_order_id_fkey", "payments_order_id_fkey",
      "digital_product_downloads_order_id_fkey", "null_keys: { fill:",
    ] { #expect(plan.stdout.contains(object), "\(object)") }
    #expect(try await desk.value("SELECT to_regnamespace('caisson') IS NULL") == "t")
    await desk.close()
  }

  @Test("orders by month keep every promise, and go back")
  func thereAndBack() async throws {
    let desk = try await PlanDesk("phase4", scale: "0.05", more: Self.more)
    let before = try await desk.inventories(Self.tables), rows = try await desk.value(Self.rows)
    try await applyKilled(desk)
    #expect(try await desk.value(Self.rows) == rows)
    try await keys(desk)
    try await children(desk)
    try await privacy(desk)
    try await future(desk)
    try await desk.run(Self.sale)
    let live = try await desk.value(Self.rows)
    let back = try await desk.project.run("rollback", "--yes")
    #expect(back.exit == 0, "\(back.stderr)")
    #expect(try await desk.differences(from: before) == [])
    #expect(try await desk.value(Self.rows) == live)
    #expect(try await desk.value("SELECT count(*) FROM orders WHERE order_number = 'sold'") == "1")
    #expect(try await desk.value("SELECT count(*) FROM orders WHERE created_at IS NULL") == "4")
    await desk.close()
  }

  /// Killed in the middle; the next run goes on where that one was.
  private func applyKilled(_ desk: PlanDesk) async throws {
    let running = try desk.project.start("apply", "--yes")
    try await desk.project.until("SELECT to_regclass('orders_new') IS NOT NULL")
    running.signal(9)
    _ = await running.wait()
    let applied = try await desk.project.run("apply", "--yes")
    #expect(applied.exit == 0, "\(applied.stdout)\(applied.stderr)")
    let again = try await desk.project.run("apply", "--yes")
    #expect(again.exit == 0 && (again.stdout + again.stderr).contains("already applied"), "\(again.stdout)\(again.stderr)")
  }

  private static let order = "INSERT INTO orders (store_id, total_amount, payment_intent_id, order_number, created_at, status) SELECT id, 5,"
  private static let sale = "\(order) 'pi_sold', 'sold', now(), 'completed' FROM stores LIMIT 1"

  private func keys(_ desk: PlanDesk) async throws {
    let webhook = try await desk.refusal("\(Self.order) 'pi_1', NULL, now(), 'pending' FROM stores LIMIT 1")
    #expect(webhook == "23505 orders_payment_intent_id_key")
    let number = try await desk.refusal("\(Self.order) NULL, 'ORD-000000001', '2026-01-01', 'pending' FROM stores LIMIT 1")
    #expect(number == "23505 orders_order_number_key")
    // Two orders without a payment are two orders.
    let none = "\(Self.order) NULL, NULL, now(), 'pending' FROM stores LIMIT 1"
    #expect(try await desk.refusal("\(none); \(none)") == "ok")
    let id = try await desk.value("SELECT max(id) FROM transaction_logs")
    try await desk.run("INSERT INTO transaction_logs (transaction_id, event_type) VALUES (gen_random_uuid(), 'after')")
    let next = try await desk.value("SELECT id > \(id ?? "") FROM transaction_logs WHERE event_type = 'after'")
    #expect(next == "t")
    #expect(
      try await desk.refusal(
        "INSERT INTO transaction_logs (id, transaction_id, event_type) VALUES (1, gen_random_uuid(), 'x')") == "428C9")
    // The view reads the table that is written.
    let revenue = "SELECT sum(revenue) FROM v_store_revenue"
    let earlier = try await desk.value(revenue)
    try await desk.run("BEGIN; \(Self.sale)")
    #expect(try await desk.value("\(revenue) HAVING sum(revenue) = \(earlier ?? "0") + 5") != nil)
    try await desk.run("ROLLBACK")
  }

  /// Items go with their order, payments forget it, a download forbids its removal; nobody refers to what is not there.
  private func children(_ desk: PlanDesk) async throws {
    try await desk.run(Self.sale.replacing("sold", with: "matrix"))
    let mine = "(SELECT id FROM orders WHERE order_number = 'matrix')"
    let ghost = "'00000000-0000-0000-0000-000000000000'"
    for (table, columns, values) in [
      ("order_items", "quantity, unit_price", "1, 2"), ("payments", "provider, amount", "'matrix', 2"),
      ("digital_product_downloads", "product_id", "(SELECT id FROM products LIMIT 1)"),
    ] {
      let insert = "INSERT INTO \(table) (order_id, \(columns)) VALUES"
      #expect(try await desk.refusal("\(insert) (\(ghost), \(values))").hasPrefix("23503"), "\(table)")
      try await desk.run("\(insert) (\(mine), \(values))")
    }
    #expect(try await desk.refusal("DELETE FROM orders WHERE order_number = 'matrix'").hasPrefix("23503"))
    try await desk.run("UPDATE digital_product_downloads SET order_id = NULL WHERE order_id = \(mine)")
    let items = try await desk.value("SELECT count(*) FROM order_items")
    try await desk.run("DELETE FROM orders WHERE order_number = 'matrix'")
    #expect(try await desk.value("SELECT count(*) + 1 FROM order_items") == items)
    #expect(try await desk.value("SELECT order_id IS NULL FROM payments WHERE provider = 'matrix'") == "t")
  }

  /// A grant on all tables opens no side door: not to partitions, later ones included, not to guards or old tables.
  private func privacy(_ desk: PlanDesk) async throws {
    try await desk.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO anon")
    var seen = try await desk.seen(by: "anon", in: ["orders", "digital_product_downloads"])
    // Was readable before: this table has no row security.
    seen["transaction_logs_old"] = nil
    #expect(seen.count > 50 && seen.filter { $0.value != "0" } == [:], "\(seen)")
    #expect(seen["orders_payment_intent_id_key_guard"] == "0" && seen["orders_old"] == "0")
    try await desk.run("REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM anon; GRANT SELECT ON products, stores TO anon")
  }

  /// Months to come have their partitions, the old tables are kept and write-protected.
  private func future(_ desk: PlanDesk) async throws {
    for month in 1...13 {
      let at = "now() + interval '\(month) months'"
      #expect(try await desk.refusal("\(Self.order) NULL, NULL, \(at), 'pending' FROM stores LIMIT 1") == "ok", "\(month)")
    }
    for table in Self.swapped {
      #expect(try await desk.refusal("DELETE FROM \(table)_old").hasPrefix("40001"), "\(table)")
    }
    let schedules = try await desk.project.json("schedule list").array?.compactMap { $0["step"]?.string }
    #expect(schedules?.sorted() 
      == ["downloads", "logs", "orders"].flatMap { ["\($0)-ahead", "\($0)-by-month:drain"] })
  }
}

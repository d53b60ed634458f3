import Engine
import PostgresClient
import SQLText
import TestSupport
import Testing

/// A plan that is edited while its schedules are in the journal.
@Suite(.database(template: Ticking.database)) struct EditedPlanTests {
  private func nextAt(_ ticking: Ticking) async throws -> String? {
    try await ticking.database.sql("SELECT next_at FROM caisson.schedule").value
  }

  @Test("what keeps its time keeps its next moment and its pause; what has another one begins anew")
  func registering() async throws {
    let ticking = try await Ticking.applied()
    let before = try await nextAt(ticking)
    #expect(try await ticking.schedules().register().map(\.kind) == [.kept])
    _ = try await ticking.schedules().pause("tick", by: "ann@db", reason: "release day")
    let queued = try Ticking(Ticking.steps("{ every: 1h, overlap: queue }"))
    #expect(try await queued.schedules().register().map(\.kind) == [.updated])
    #expect(try await nextAt(ticking) == before)
    let daily = try Ticking(Ticking.steps("{ every: 24h }"))
    #expect(try await daily.schedules().register().map(\.kind) == [.changed])
    #expect(try await nextAt(ticking) != before)
    #expect(try await daily.schedules().list().first?.pausedBy == "ann@db")
  }

  @Test("a schedule that the plan has no more is gone, with what waited; back in the plan it is new")
  func removing() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    try await ticking.schedules().recordDue()
    let without = try Ticking(Ticking.steps("none"))
    #expect(try await without.schedules().register().map(\.kind) == [.removed])
    #expect(try await without.schedules().nextDue() == nil)
    #expect(try await without.fireAll().isEmpty)
    #expect(try await ticking.firings() == "skipped")
    #expect(try await ticking.schedules().register().map(\.kind) == [.added])
    #expect(try await ticking.fireAll().isEmpty)
    #expect(try await ticking.fired() == 0)
  }

  @Test("a step that was edited is not fired before it was applied")
  func edited() async throws {
    let ticking = try await Ticking.applied()
    let edited = try Ticking(Ticking.steps(what: "other"))
    try await edited.schedules().register()
    try await edited.due()
    // The process that has the former plan leaves the firing to those who have the new one.
    #expect(try await ticking.schedules().nextDue() == nil)
    #expect(try await ticking.fireAll().isEmpty)
    let reason = "step tick was edited since it was applied: caisson apply"
    #expect(try await edited.fireAll().map(\.end) == [.skipped(reason)])
    #expect(try await edited.fired() == 0)
    #expect(try await edited.harness.runner().apply().ending.isSuccess)
    try await edited.due()
    #expect(try await edited.fireAll().map(\.end) == [.done])
    #expect(try await edited.fired() == 2)
    try await edited.expectSound()
  }

  @Test("a firing under way when the plan is edited ends with the plan it began with")
  func underWay() async throws {
    let ticking = try await Ticking.applied()
    try await ticking.due()
    let stop = StopSignal()
    stop.request()
    _ = try await ticking.schedules(stop: stop).fireDue()
    let edited = try Ticking(Ticking.steps(what: "other"))
    try await edited.schedules().register()
    try await edited.database.sql("UPDATE caisson.firing SET until = now()")
    #expect(try await edited.fireAll().map(\.end) == [.done])
    #expect(try await edited.database.sql("SELECT string_agg(what, ',') FROM fired").value == "tick")
    try await edited.expectSound()
  }

  @Test("what a firing's step needs must be done here")
  func needs() async throws {
    let ticking = try Ticking()
    try await ticking.schedules().register()
    try await ticking.due()
    #expect(try await ticking.fireAll().map(\.end) == [.skipped("step tick has not been applied here: caisson apply")])
    #expect(try await ticking.runs() == 0)
    #expect(try await ticking.firings() == "skipped")
  }
}

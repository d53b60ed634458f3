import TestSupport
import Testing

/// plans/boosterz: what its README promises.
@Suite(.serialized, .database, .ownTime(.minutes(10))) struct CollectorsPlanTests {
  private static let pages = Dashboards(folder: "boosterz", keys: "SELECT id AS key FROM users")
  private static let more = """
    steps:
      user-stats: { with: { refresh: { min_interval: 0s } } }
      collection-completion: { with: { refresh: { min_interval: 0s } } }
    """

  @Test("a collector with forty cards and four followers has 160 cards in the recommended query")
  func figures() async throws {
    let desk = try await PlanDesk("boosterz", scale: "0.1")
    let popular = "SELECT following_id FROM follows GROUP BY 1 HAVING count(*) = 4 ORDER BY 1 LIMIT 1"
    let user = try await desk.value(popular) ?? ""
    for (text, expected) in [(".report", "160 160"), (".proof", "40 4")] {
      let query = HouseTree.text("plans/boosterz/dashboards/profile\(text).sql").replacing(":key", with: user)
      #expect(try await desk.value("SELECT concat_ws(' ', cards, followers) FROM (\n\(query)\n) page") == expected, "\(text)")
    }
    await desk.close()
  }

  @Test("statistics are what the tables say, through every change, and go again")
  func thereAndBack() async throws {
    let desk = try await PlanDesk("boosterz", scale: "0.1", more: Self.more)
    let before = try await desk.catalog()
    try await desk.apply()
    try await Self.pages.check(on: desk)
    #expect(try await desk.seen("SELECT count(*) > 0 FROM user_stats", by: "boosterz_api") == "t")
    try await completion(desk)
    try await desk.rollBack(to: before)
    await desk.close()
  }

  /// A second copy is no further card; the last card makes a collection complete.
  private func completion(_ desk: PlanDesk) async throws {
    let mine = "SELECT max(completion) FROM collection_completion WHERE user_id = 100"
    let completion = try await desk.value(mine)
    try await desk.run("INSERT INTO cards (collection_id, owner_id, reference, is_owned) SELECT collection_id, 100, reference, true FROM cards WHERE owner_id = 100 AND is_owned")
    try await desk.refresh()
    #expect(try await desk.value(mine) == completion)
    try await desk.run("INSERT INTO user_card_ownership SELECT 100, id, true FROM checklist_cards ON CONFLICT DO NOTHING; UPDATE user_card_ownership SET owned = true WHERE user_id = 100")
    #expect(try await Self.pages.differences("completion", .shown, on: desk) ?? 0 > 0)
    try await desk.refresh()
    #expect(try await desk.value(mine) == "100.0")
    for name in Self.pages.names { #expect(try await Self.pages.differences(name, .shown, on: desk) == 0, "\(name)") }
  }
}

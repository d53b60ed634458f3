import JSONText
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

@Suite("publications and swaps", .database(template: ChoiceSample.database), .ownTime(.minutes(5)))
struct PublicationTests {
  private func trial(_ choice: JSON = "transfer", strategy: JSON = "copy") throws -> SwapTrial {
    try ChoiceSample.trial([("publications", choice), ("strategy", strategy)])
  }

  private func published() async throws -> String? {
    try await value("SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables WHERE pubname = 'told'")
  }

  private static let isRoot: SQL = "SELECT pubviaroot FROM pg_publication WHERE pubname = 'told'"

  @Test(
    "transfer: subscribers go on with the one name, with filter and columns, and the way back leaves it as it was",
    arguments: ["copy", "attach"], ["events", "events (id, at) WHERE (id > 5)"])
  func transferred(strategy: String, entry: String) async throws {
    try await TestDatabase.current.script("CREATE PUBLICATION told FOR TABLE \(entry) WITH (publish = 'insert')")
    let trial = try trial(strategy: .string(strategy))
    let before = try await trial.inventory()
    guard try await trial.apply() else { return }
    #expect(try await published() == "events")
    #expect(try await value(Self.isRoot) == "t")
    guard try await trial.rollBack() else { return }
    #expect(try await published() == "events")
    #expect(before.difference(to: try await trial.inventory()).map(\.description) == [])
    #expect(try await value(Self.isRoot) == "f")
  }

  @Test("going back leaves it so while another partitioned table needs it")
  func shared() async throws {
    try await TestDatabase.current.script("CREATE PUBLICATION told FOR TABLE events")
    let trial = try trial()
    guard try await trial.apply() else { return }
    try await TestDatabase.current.script("""
      CREATE TABLE parted (id int) PARTITION BY RANGE (id); ALTER PUBLICATION told ADD TABLE parted
      """)
    guard try await trial.rollBack() else { return }
    #expect(try await published() == "events parted")
    #expect(try await value(Self.isRoot) == "t")
  }

  @Test(
    "what would break subscribers is refused, whatever is chosen",
    arguments: [
      ("CREATE PUBLICATION told FOR TABLE events, parted", "transfer", "parted would change its name"),
      ("CREATE PUBLICATION told FOR TABLE events, parted_1", "transfer", "parted would change its name"),
      ("CREATE PUBLICATION told FOR TABLES IN SCHEMA public", "transfer", "stream the copy"),
      ("CREATE PUBLICATION told FOR TABLES IN SCHEMA public", "remove", "stream the copy"),
      ("CREATE PUBLICATION told FOR ALL TABLES", "transfer", "stream the copy"),
      ("CREATE PUBLICATION told FOR TABLE events", "refuse", "would miss"),
    ])
  func refused(publication: String, choice: String, message: String) async throws {
    try await TestDatabase.current.script("""
      CREATE TABLE parted (id int) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted DEFAULT; \(publication)
      """)
    let refusals = try await trial(.string(choice)).refusals()
    #expect(refusals.count == 1 && refusals[0].code == "swap.publication", "\(refusals)")
    #expect(refusals.first?.message.contains(message) ?? false, "\(refusals)")
    #expect(try await value("SELECT to_regclass('events_new') IS NULL") == "t")
  }

  @Test("a schema's publication cannot let one table go")
  func schema() async throws {
    try await TestDatabase.current.script("CREATE PUBLICATION told FOR TABLES IN SCHEMA public")
    let refusals = try await trial("remove", strategy: "attach").refusals()
    #expect(refusals.contains { $0.message.contains("none of them can be taken out") }, "\(refusals)")
  }
}

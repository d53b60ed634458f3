import TestSupport
import Testing

/// The queries in a plan's folder `dashboards`: `NAME.sql` is what the application asks, `NAME.proof.sql` computes the same
/// question by question from the tables, `NAME.report.sql` is the recommended query. `:key` stands for what a page is about.
struct Dashboards {
  enum Text: String { case shown = "", proof = ".proof", report = ".report" }

  let folder: String
  /// A query with a column `key`: every page that there is.
  let keys: String

  var names: [String] {
    HouseTree.files(under: "plans/\(folder)/dashboards", ending: ".sql")
      .compactMap { $0.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } }
      .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  private func query(_ name: String, _ text: Text) -> String {
    HouseTree.text("plans/\(folder)/dashboards/\(name)\(text.rawValue).sql").replacing(":key", with: "wanted.key")
  }

  /// Rows of all pages that only one of the two texts returns; nil when the proof has no rows, which would prove nothing.
  /// `most`: of so many pages.
  func differences(_ name: String, _ text: Text, most: Int? = nil, on desk: PlanDesk) async throws -> Int? {
    let all = query(name, .shown).contains("wanted.key") ? keys : "SELECT 1 AS key"
    let keys = most.map { "\(all) ORDER BY 1 LIMIT \($0)" } ?? all
    func pages(_ text: Text) -> String {
      "SELECT wanted.key AS page, page.* FROM (\(keys)) wanted, LATERAL (\n\(query(name, text))\n) page"
    }
    let counts = try await desk.value(
      """
      WITH a AS MATERIALIZED (\(pages(.proof))), b AS MATERIALIZED (\(pages(text)))
      SELECT CASE WHEN EXISTS (TABLE a) THEN (SELECT count(*) FROM (TABLE a EXCEPT ALL TABLE b) x)
        + (SELECT count(*) FROM (TABLE b EXCEPT ALL TABLE a) x) END
      """)
    return counts.flatMap { Int($0) }
  }

  /// What the application sees is what the tables say; the recommended query, asked the same, is wrong already for the
  /// first ten.
  func check(on desk: PlanDesk) async throws {
    #expect(names.count >= 3)
    for name in names {
      #expect(try await differences(name, .shown, on: desk) == 0, "\(folder): \(name)")
      if !HouseTree.text("plans/\(folder)/dashboards/\(name).report.sql").isEmpty {
        #expect(try await differences(name, .report, most: 10, on: desk) ?? 0 > 0, "\(folder): \(name)")
      }
    }
  }
}

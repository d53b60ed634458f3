import PlanSchema
import PluginAPI

/// How many people a run would meet today: numbers for a dry run.
struct Preview {
  let wanted: GDPRAnonymize.Parameters
  let map: ResolvedMap
  let facts: any Facts

  func findings() async throws -> [Finding] {
    let selection = Selection(wanted: wanted, map: map)
    let unknown: SQL = wanted.inactive.map { "t.\(id: $0.column.name) IS NULL" } ?? "false"
    let found = try await facts.rows(
      """
      SELECT count(*) AS all_of_them, count(*) FILTER (WHERE \(sql: selection.condition)) AS selected,
        count(*) FILTER (WHERE \(sql: selection.chosen) AND \(sql: selection.held)) AS held,
        count(*) FILTER (WHERE \(sql: unknown)) AS unknown
      FROM \(sql: map.subject.source)
      """)
    guard let row = found.first else { return [] }
    let (all, selected) = (try row.int("all_of_them"), try row.int("selected"))
    let (held, unknown_) = (try row.int("held"), try row.int("unknown"))
    var text = "\(selected) of \(all) rows of \(map.subject.name) are selected today; \(held) more would be, and are on hold"
    if wanted.inactive != nil { text += "; \(unknown_) have no known activity" }
    return [.note("gdpr.selected", text, at: wanted.$map.firstCharacter)]
  }
}

import JSONText
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// The author's probes, matched with the operations that run outside a transaction.
struct ProbeList {
  private var byGroup: [Int: SQL] = [:]
  private(set) var findings: [Finding] = []

  subscript(group: Int) -> SQL? { byGroup[group] }

  init(_ texts: StatementTexts?, at range: SourceRange, for groups: [StatementGroup]) {
    let alone = groups.indices.filter { !groups[$0].isTransaction }
    for group in alone { byGroup[group] = groups[group].ownProbe }
    guard let texts else {
      findings = alone.filter { byGroup[$0] == nil }.map { ProbeList.missing(groups[$0]) }
      return
    }
    let needing = alone.filter { byGroup[$0] == nil }
    let probed = texts.texts.count == alone.count ? alone : needing
    guard texts.texts.count == probed.count else {
      findings = [
        .refusal(
          "sql.probe", "\(texts.texts.count) probes for \(needing.count) statements that need one",
          choices: needing.isEmpty
            ? ["leave `probe` out"] : ["give one per statement that runs by itself, in their order"],
          at: range)
      ]
      return
    }
    for (group, text) in zip(probed, texts.texts) { add(text, group) }
  }

  private mutating func add(_ text: Located<SQLStatement>, _ group: Int) {
    do {
      let probe = try SQLParser.parseOne(text.value.text)
      guard probe.isReadOnly, let columns = probe.tree["targetList"]?.array?.count, 1...2 ~= columns else {
        findings.append(
          .refusal(
            "sql.probe", "a probe is a query with one boolean, or with a state and a detail",
            choices: ["for example SELECT to_regclass('app.orders_idx') IS NOT NULL"], at: text.range))
        return
      }
      byGroup[group] =
        columns == 2
        ? SQL(verbatim: probe.text)
        : "SELECT CASE WHEN (\(sql: probe.text)) THEN 'complete' ELSE 'absent' END, NULL::text"
    } catch {
      findings.append(
        .refusal(
          "sql.syntax", "line \(error.line), column \(error.column) of the probe: \(error.message)",
          choices: ["correct the query"], at: text.range))
    }
  }

  private static func missing(_ group: StatementGroup) -> Finding {
    let statement = group.statements.first
    let concurrent = statement?.parsed?.node == "IndexStmt"
    return .warning(
      "sql.no_probe",
      "`\(group.title)` runs outside a transaction and has no probe: after a crash in the middle of it a person"
        + " has to say whether it is done",
      choices: (concurrent ? ["index.create knows what a broken build leaves and repairs it"] : [])
        + ["`probe:` a query that says whether it is done"],
      at: statement?.range)
  }
}

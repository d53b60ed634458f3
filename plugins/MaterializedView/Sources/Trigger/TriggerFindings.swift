import PluginAPI

/// What the tables a view reads say against marking their changes.
struct TriggerFindings {
  let wanted: MatviewTrigger.Parameters
  let reads: [ReadTable]
  let functions: [String]

  func of(_ tables: [ReadTable]) -> [Finding] {
    coverage(tables) + tables.compactMap(silent) + own
  }

  /// Changes that arrive without a statement on this server.
  private func silent(_ table: ReadTable) -> Finding? {
    let mark = wanted.tables.isEmpty ? wanted.$name : wanted.$tables
    if table.kind == .foreignTable {
      return .warning(
        "matview.foreign", "\(table.name) is a foreign table: changes made on its own server leave no mark",
        choices: ["refresh \(wanted.name) with matview.refresh and a schedule"], at: mark)
    }
    guard table.isSubscribed else { return nil }
    return .warning(
      "matview.subscribed", "\(table.name) is filled by logical replication, which fires no statement triggers: what it"
        + " brings leaves no mark", choices: ["refresh \(wanted.name) with matview.refresh and a schedule"], at: mark)
  }

  private func coverage(_ tables: [ReadTable]) -> [Finding] {
    guard !wanted.tables.isEmpty else { return [] }
    let known = Set(reads.map(\.oid)), marked = Set(tables.map(\.oid))
    return wanted.tables.compactMap { table in
      tables.first { $0.name == table.value }.flatMap { known.contains($0.oid) ? nil : $0 }.map {
        .warning(
          "matview.unread", "\(wanted.name) does not read \($0.name): its writes cause refreshes that change nothing",
          at: table.range)
      }
    } + reads.filter { !marked.contains($0.oid) }.map {
      .warning("matview.unmarked", "\(wanted.name) reads \($0.name) as well, whose changes will leave no mark",
               choices: ["add \($0.name) to `tables`"], at: wanted.$tables)
    }
  }

  private var own: [Finding] {
    functions.map {
      .warning("matview.function", "\(wanted.name) calls \($0): changes of what it reads leave no mark",
               choices: ["name those tables in `tables`, beside the others"], at: wanted.$name)
    }
  }
}

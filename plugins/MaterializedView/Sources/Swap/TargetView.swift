import PluginAPI

/// The view as it is to be: the plan's query, columns and indexes, and of the one that stands what the plan does not
/// speak of: owner, privileges, storage, comments, statistics targets, indexes made by hand.
struct TargetView {
  let wanted: MatviewCreate.Parameters
  let indexes: [WantedIndex]
  let outline: TableInventory.View
  let standing: TableInventory.View
  let former: MatviewRegister.Entry?

  var view: TableInventory.View {
    var view = outline
    view.relation = standing.relation
    view.relation.isPopulated = true
    view.relation.grants = grants
    view.relation.comment = wanted.comment ?? standing.relation.comment
    view.columns = outline.columns.map(column)
    view.indexes = indexes.filter { !isServed($0) }.map { $0.inventoried(on: wanted.name) } + kept
    view.statistics = []
    return view
  }

  /// A view that was built already, with what the standing one has been given since.
  func dress(_ built: TableInventory.View) -> TableInventory.View {
    var view = built
    view.relation.owner = standing.relation.owner
    view.relation.grants = grants
    view.relation.comment = wanted.comment ?? standing.relation.comment
    view.relation.securityLabels = standing.relation.securityLabels
    view.columns = built.columns.map(column)
    return view
  }

  /// What a hand has made and the new columns do not allow.
  var findings: [Finding] {
    lost.map { index in
      .warning(
        "matview.index_lost", "index \(index.name) was made by hand, and the new definition has not all of its columns: it"
          + " goes with the old one", choices: ["declare it under `indexes` with the new columns"], at: wanted.$name)
    } + standing.statistics.map { statistics in
      .warning(
        "matview.statistics_lost", "extended statistics \(statistics.name) go with the old definition",
        choices: ["make them again afterwards"], at: wanted.$name)
    }
  }

  private var byHand: [TableInventory.Index] {
    let declared = Set(indexes.map(\.name) + (former?.indexes ?? []))
    return standing.indexes.filter { !declared.contains($0.name.name) }
  }

  /// One made by hand tells the rows apart by the same columns.
  private func isServed(_ index: WantedIndex) -> Bool {
    index.tellsRowsApart && kept.contains {
      $0.tellsRowsApart && Set($0.keys.compactMap(\.column)) == Set(index.plainColumns ?? [])
    }
  }

  private var names: Set<String> { Set(outline.columns.map(\.name)) }
  private var kept: [TableInventory.Index] { byHand.filter { names.isSuperset(of: $0.columns) } }
  private var lost: [TableInventory.Index] { byHand.filter { !names.isSuperset(of: $0.columns) } }

  private func column(_ column: TableInventory.Column) -> TableInventory.Column {
    guard let old = standing.columns.first(where: { $0.name == column.name }) else { return column }
    var column = column
    column.comment = old.comment
    column.grants = old.grants
    column.statisticsTarget = old.statisticsTarget
    column.securityLabels = old.securityLabels
    if column.type == old.type {
      column.options = old.options
      column.storage = old.storage
      column.compression = old.compression
    }
    return column
  }

  private var grants: [Grant] {
    var grants = standing.relation.grants
    for entry in wanted.grants {
      let role = GrantList.role(entry.key)
      for right in entry.value.rights.flatMap(\.privileges)
      where !grants.contains(where: { $0.grantee == role && $0.privilege == right }) {
        grants.append(Grant(to: role, by: standing.relation.owner, right))
      }
    }
    return grants
  }
}

extension GrantList.Right {
  /// ALL is what a reader can make use of.
  var privileges: [String] { self == .all ? ["SELECT", "REFERENCES"] : [rawValue] }
}

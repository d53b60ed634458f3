import PlanSchema
import PluginAPI

/// Puts the map's actions onto the catalog's columns.
struct ColumnAssignment {
  let table: MapTable
  let shape: TableShape
  private(set) var columns: [MappedColumn]
  private(set) var findings: [Finding] = []
  private var ranges: [Int: SourceRange] = [:]

  init(table: MapTable, shape: TableShape) {
    self.table = table
    self.shape = shape
    columns = shape.columns
  }

  func range(of place: Int) -> SourceRange { ranges[place] ?? table.$table }

  mutating func assign() {
    for entry in table.columns {
      guard let place = place(of: entry.key, at: entry.range) else { continue }
      columns[place].action = entry.value
    }
    for name in table.kept {
      guard let place = place(of: name.value.name, at: name.range) else { continue }
      columns[place].action = .keep(reason: nil)
    }
    for entry in table.json {
      guard let place = place(of: entry.key, at: entry.range) else { continue }
      columns[place].inside = entry.value.entries.compactMap { rule in
        JSONRoute(parsing: rule.key).map { JSONRule(route: $0, action: rule.value) }
      }
    }
    for place in columns.indices where columns[place].action == nil && columns[place].inside.isEmpty {
      if columns[place].isStructure { columns[place].action = .keep(reason: nil) }
    }
  }

  private mutating func place(of name: String, at range: SourceRange) -> Int? {
    guard let place = columns.firstIndex(where: { $0.name == name }) else {
      findings.append(.unknownColumn(name, of: shape, at: range))
      return nil
    }
    ranges[place] = range
    return place
  }
}

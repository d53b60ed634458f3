import PluginAPI

/// The query of a rollup, as text for each purpose. The bounds of the period at hand are two settings of the
/// transaction: the planner knows them, and a statement stays the same for all periods.
struct RollupQuery: Sendable {
  let query: PeriodQuery
  /// One per `$period(…)`.
  let kinds: [PeriodKind]
  let by: String
  let byKind: PeriodKind
  let columns: [String]
  let zone: String

  static let lowSetting = "caisson.period_from", highSetting = "caisson.period_to"
  static let low = "NULLIF(current_setting('\(lowSetting)', true), '')::timestamp"
  static let high = "NULLIF(current_setting('\(highSetting)', true), '')::timestamp"

  var quotedColumns: String { columns.map(Quoting.identifier).joined(separator: ", ") }
  private var quotedBy: String { Quoting.identifier(by) }

  /// Whether a row's column lies in the period.
  func within(_ column: String, _ kind: PeriodKind, from low: String = Self.low, to high: String = Self.high) -> String {
    "\(column) >= \(kind.value(low, in: zone)) AND \(column) < \(kind.value(high, in: zone))"
  }

  func within(alias: String, from low: String = Self.low, to high: String = Self.high) -> String {
    within("\(alias).\(quotedBy)", byKind, from: low, to: high)
  }

  /// The rows of the period at hand.
  var ofPeriod: String {
    """
    SELECT \(quotedColumns) FROM (\(expanded { within("(\($0))", $1) })
    ) AS q WHERE \(within(alias: "q"))
    """
  }

  /// Every row that belongs to some period, by the query as a whole.
  var whole: String {
    """
    SELECT \(quotedColumns) FROM (\(expanded { column, _ in "(\(column)) IS NOT NULL" })
    ) AS q WHERE isfinite(q.\(quotedBy))
    """
  }

  /// One boolean: no row is left out because it belongs to no period.
  var hasNoStrays: String {
    let whole = """
      SELECT FROM (\(expanded { column, _ in "(\(column)) IS NOT NULL" })
      ) AS q WHERE q.\(quotedBy) IS NULL OR NOT isfinite(q.\(quotedBy))
      """
    guard !query.columns.isEmpty else { return "SELECT NOT EXISTS (\(whole))" }
    let left = """
      SELECT FROM (\(expanded { column, _ in "((\(column)) IS NULL OR NOT isfinite(\(column)))" })
      ) AS q
      """
    return "SELECT NOT EXISTS (\(whole)) AND NOT EXISTS (\(left))"
  }

  /// First and last wall-clock time between the two settings.
  var extent: String {
    """
    SELECT min(\(byKind.local("q.\(quotedBy)", in: zone))) AS first, max(\(byKind.local("q.\(quotedBy)", in: zone))) AS last
    FROM (\(expanded { within("(\($0))", $1) })
    ) AS q WHERE \(within(alias: "q")) AND isfinite(q.\(quotedBy))
    """
  }

  /// No rows, the right columns.
  var shape: String {
    """
    SELECT \(quotedColumns) FROM (\(expanded { column, _ in "(\(column)) IS NOT NULL" })
    ) AS q
    """
  }

  private func expanded(_ condition: (String, PeriodKind) -> String) -> String {
    var kinds = kinds[...]
    return query.expanded { condition($0, kinds.popFirst() ?? byKind) }
  }
}

import PlanSchema
import PluginAPI

/// Who is anonymised, as a condition on the subject's table `t`: asked once for all, and again for each batch under its
/// locks.
struct Selection: Sendable {
  let wanted: GDPRAnonymize.Parameters
  let map: ResolvedMap

  /// Without the holds: for counting whom they spare.
  var chosen: SQL {
    var parts: [SQL] = []
    if let marker = wanted.marker { parts.append("t.\(id: marker.column.name) IS NOT TRUE") }
    if let inactive = wanted.inactive { parts.append(idle(inactive)) }
    if let condition = wanted.where { parts.append("(\(sql: condition.text)\n)") }
    return parts.isEmpty ? "true" : parts.joined(separator: " AND ")
  }

  var held: SQL {
    guard let holds = wanted.holds else { return "false" }
    return "EXISTS (SELECT FROM (\(sql: holds.relation)) AS held WHERE held.key = t.\(id: map.key.name))"
  }

  var condition: SQL { "\(sql: chosen) AND NOT \(sql: held)" }

  private func idle(_ inactive: InactiveKeys) -> SQL {
    let seen: SQL = "t.\(id: inactive.column.name)"
    let limit: SQL = "now() - interval \(literal: inactive.for.description)"
    switch inactive.nullActivity {
    case .exclude: return "\(sql: seen) < \(sql: limit)"
    case .include: return "(\(sql: seen) IS NULL OR \(sql: seen) < \(sql: limit))"
    case .column(let other): return "coalesce(\(sql: seen), t.\(id: other.name)) < \(sql: limit)"
    }
  }
}

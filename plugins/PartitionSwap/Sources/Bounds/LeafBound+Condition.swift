import OnlineDDL
import PluginAPI

extension LeafBound {
  /// The CHECK from which ATTACH PARTITION concludes that nothing has to be scanned; NULL has to be ruled out in it as
  /// well. `nil` for a default partition (it is what the others exclude).
  ///
  /// A hash bound names its parent by number, `parent`; over a collatable type ATTACH does not see that it implies.
  func condition(_ key: PartitionKey, parent: Int64? = nil) -> SQL? {
    switch self {
    case .range(let from, let to): LeafBound.range(key, from, to)
    case .list(let values): LeafBound.list(key, values)
    case .hash(let modulus, let remainder):
      parent.map { parent in
        """
        satisfies_hash_partition(\(literal: String(parent))::oid, \(sql: String(modulus)), \(sql: String(remainder)), \
        \(sql: key.name))
        """
      }
    case .default: nil
    }
  }

  /// The CHECK on a default partition that proves it has no row of this bound.
  func exclusion(_ key: PartitionKey) -> SQL? {
    switch self {
    case .range(let from, let to):
      let outside = [from.text.map { compare(key, "<", $0) }, to.text.map { compare(key, ">=", $0) }].compactMap { $0 }
      return (["\(sql: key.name) IS NULL"] + outside).joined(separator: " OR ")
    case .list(let values):
      let others = values.compactMap { $0 }.map { compare(key, "<>", $0) }.joined(separator: " AND ")
      if values.contains(nil) {
        return others.isEmpty ? "\(sql: key.name) IS NOT NULL" : "\(sql: key.name) IS NOT NULL AND \(sql: others)"
      }
      return "\(sql: key.name) IS NULL OR (\(sql: others))"
    case .hash, .default: return nil
    }
  }

  private static func range(_ key: PartitionKey, _ from: BoundEdge, _ to: BoundEdge) -> SQL {
    var parts: [SQL] = ["\(sql: key.name) IS NOT NULL"]
    if let from = from.text { parts.append(LeafBound.compare(key, ">=", from)) }
    if let to = to.text { parts.append(LeafBound.compare(key, "<", to)) }
    return parts.joined(separator: " AND ")
  }

  private static func list(_ key: PartitionKey, _ values: [String?]) -> SQL {
    let equal = values.compactMap { $0 }.map { LeafBound.compare(key, "=", $0) }.joined(separator: " OR ")
    if values.contains(nil) {
      return equal.isEmpty ? "\(sql: key.name) IS NULL" : "\(sql: key.name) IS NULL OR \(sql: equal)"
    }
    return "\(sql: key.name) IS NOT NULL AND (\(sql: equal))"
  }

  private func compare(_ key: PartitionKey, _ comparison: String, _ value: String) -> SQL {
    LeafBound.compare(key, comparison, value)
  }

  private static func compare(_ key: PartitionKey, _ comparison: String, _ value: String) -> SQL {
    "\(sql: key.name) \(sql: comparison) \(sql: key.constant(value))"
  }
}

/// One thing in which two inventories are not alike.
public struct InventoryDifference: Sendable, Hashable, Codable, CustomStringConvertible {
  public enum Kind: String, Sendable, Hashable, Codable {
    case lost
    case added
    case changed
  }

  public var kind: Kind
  /// `column price`, `index orders_by_day`, …
  public var object: String
  /// What of it: `comment`, `grant SELECT to app`; `nil`: the whole object.
  public var aspect: String?
  public var before: String?
  public var after: String?

  public var description: String {
    let what = aspect.map { "\(object), \($0)" } ?? object
    switch kind {
    case .lost: return aspect == nil ? "\(what): lost" : "\(what): lost: \(before ?? "")"
    case .added: return aspect == nil ? "\(what): new" : "\(what): new: \(after ?? "")"
    case .changed: return "\(what): \(before ?? "") became \(after ?? "")"
    }
  }
}

extension TableInventory {
  /// What `other`, read later or elsewhere, has not, has in addition or has in another form. `renaming` says how this
  /// one's names are spelled there; oids do not count, neither do values of sequences.
  public func difference(to other: TableInventory, renamed renaming: Renaming = .none) -> [InventoryDifference] {
    let before = InventoryLines(self, renaming)
    let after = InventoryLines(other, .none)
    return before.difference(to: after)
  }
}

extension InventoryLines {
  func difference(to other: InventoryLines) -> [InventoryDifference] {
    var found: [InventoryDifference] = []
    for object in objects {
      guard let there = other.aspects[object] else {
        found.append(InventoryDifference(kind: .lost, object: object))
        continue
      }
      let here = aspects[object] ?? [:]
      for aspect in Set(here.keys).union(there.keys).sorted()
      where !InventoryLines.same(here[aspect], there[aspect], in: aspect) {
        let kind: InventoryDifference.Kind =
          here[aspect] == nil ? .added : there[aspect] == nil ? .lost : .changed
        found.append(
          InventoryDifference(
            kind: kind, object: object, aspect: aspect, before: here[aspect], after: there[aspect]))
      }
    }
    for object in other.objects where aspects[object] == nil {
      found.append(InventoryDifference(kind: .added, object: object))
    }
    return found
  }

  /// In the server's renderings a name may be quoted on one side, where it was put in, and not on the other.
  private static func same(_ one: String?, _ other: String?, in aspect: String) -> Bool {
    guard one != other, let one, let other, renderings.contains(aspect) else { return one == other }
    return ServerText(one).says(what: ServerText(other))
  }

  private static let renderings: Set = ["definition", "using", "check", "filter", "default", "generated as"]
}

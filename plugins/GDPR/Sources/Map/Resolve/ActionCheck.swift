import PlanSchema
import PluginAPI

/// Whether an action can be carried out on its column.
struct ActionCheck {
  let table: MappedTable
  let column: MappedColumn
  let key: MappedColumn
  let range: SourceRange

  var findings: [Finding] {
    if column.isGenerated || column.isAlwaysIdentity {
      return [
        refusal(
          "gdpr.map.generated", "is computed by the server and cannot be set",
          ["give the columns it is computed from an action"])
      ]
    }
    if let structural { return [structural] }
    if let literal { return [literal] }
    if !column.inside.isEmpty { return inside }
    return [type, notNull, room, unique].compactMap { $0 }
  }

  private var name: String { "\(table.name).\(QualifiedName.readable(column.name))" }
  private var action: ColumnAction { column.action ?? .keep(reason: nil) }

  private func refusal(_ code: String, _ what: String, _ choices: [String]) -> Finding {
    .refusal(code, "\(name) \(what)", choices: choices, at: range)
  }

  /// What rows are found by, from others or from here.
  private var structural: Finding? {
    let isKey = table.isSubject && column.name == key.name
    let isOnTheWay = table.ways.contains { $0.hops[0].columns.contains(column.name) }
    guard isKey || isOnTheWay || column.isPrimaryKey || column.isReferenced || column.isPartitionKey else { return nil }
    if isOnTheWay, action == .null, !column.isNotNull, !column.isPrimaryKey { return nil }
    return refusal(
      "gdpr.map.structure", "is what rows are found by, and cannot change",
      ["leave it as it is: `kept`", isOnTheWay ? "`null` cuts the row off from its subject" : "erase the rows instead"])
  }

  /// A key in the map would stand in the plan's repository, and in the journal.
  private var literal: Finding? {
    let actions = column.inside.map(\.action) + [action]
    guard actions.contains(where: { if case .hmac(let key) = $0 { key.plainText != nil } else { false } }) else { return nil }
    return refusal("gdpr.map.secret", "has its key written out", ["`key: ${env:NAME}` or `${file:path}`"])
  }

  private var type: Finding? {
    let isFit: Bool
    switch action {
    case .null, .keep, .constant: isFit = true
    case .token: isFit = [.text, .uuid, .integer, .number, .bytes].contains(column.kind)
    case .hmac, .mask: isFit = column.kind == .text
    case .generalize(.unit): isFit = column.kind == .date || column.kind == .timestamp
    case .generalize(.count): isFit = [.text, .integer, .number, .network].contains(column.kind)
    }
    guard !isFit else { return nil }
    return refusal(
      "gdpr.map.type", "is \(column.type): `\(action.name.rawValue)` makes nothing of that",
      ["`null` or `constant`", "`generalize` with a unit for times, a number for texts, numbers and networks"])
  }

  private var notNull: Finding? {
    guard action == .null, column.isNotNull else { return nil }
    return refusal(
      "gdpr.map.not_null", "is NOT NULL and cannot become NULL",
      ["`{action: constant, value: …}`", "`token`, where it has to be unique"])
  }

  private var room: Finding? {
    if case .hmac = action, let length = column.length, length < 16 {
      return refusal(
        "gdpr.map.room", "has room for \(length) digits of a digest: too few to tell people apart", ["`null` or `constant`"])
    }
    guard case .token(let form) = action, column.kind == .text else { return nil }
    let shape = TokenShape(form: form, length: column.length)
    let least = column.isUnique ? 48 : 16
    guard shape.bits < least else { return nil }
    return refusal(
      "gdpr.map.room", "has room for \(max(0, shape.digits)) random digits, \(max(0, shape.bits)) bits: too few"
        + (column.isUnique ? " to be unique" : " not to be guessed"), ["a shorter `form`", "`null` or `constant`"])
  }

  private var unique: Finding? {
    guard column.isUnique else { return nil }
    let isUnique: Bool
    switch action {
    case .null, .keep: isUnique = true
    case .token: isUnique = [.text, .uuid, .bytes].contains(column.kind) || column.base == "int8"
    case .hmac: isUnique = column.length ?? 64 >= 32
    case .constant, .mask, .generalize: isUnique = false
    }
    guard !isUnique else { return nil }
    return refusal(
      "gdpr.map.unique", "is in a unique index, and `\(action.name.rawValue)` gives several people the same value",
      ["`token`, which is never the same twice", "`null`, where it may be"])
  }

  private var inside: [Finding] {
    guard column.kind == .json else {
      return [refusal("gdpr.map.type", "is \(column.type), not JSON: nothing is inside it", ["give it an action under `columns`"])]
    }
    return column.inside.compactMap { rule in
      if case .generalize(.unit) = rule.action {
        return refusal("gdpr.map.type", "holds texts, and no times to generalize", ["a number of characters", "`null`"])
      }
      return nil
    }
  }
}

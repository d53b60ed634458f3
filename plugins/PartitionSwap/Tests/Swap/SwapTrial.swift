import Catalog
import Engine
import JSONText
import OnlineDDL
import PluginAPI
import SQLText
import TestSupport
import Testing

@testable import PartitionSwap

/// One table under partition.swap: what is on it before, after, and after the way back.
struct SwapTrial {
  let table: QualifiedName
  let harness: EngineHarness
  let wanted: [(String, JSON)]

  /// `wanted`: parameters beside `table`. `policy`: keys of the step.
  init(
    _ table: QualifiedName, _ wanted: [(String, JSON)], policy: [(String, JSON)] = [], environment: String = ""
  ) throws {
    self.table = table
    self.wanted = wanted
    let parameters = JSON.object(JSONObject([("table", .string(table.quoted))] + wanted))
    let step = JSON.object(JSONObject([("uses", "partition.swap")] + policy + [("with", parameters)]))
    harness = try EngineHarness(
      "  swap: \(step.text)", registry: StepRegistry([PartitionSwapPlugin.self]), environment: environment)
  }

  func inventory() async throws -> TableInventory { try await Self.inventory(table) }

  static func inventory(_ table: QualifiedName) async throws -> TableInventory {
    try await ReadOnlyFacts.with(.current) { try #require(try await $0.inventory(of: table)) }
  }

  /// Of the rows, in the order of `key`.
  func rows(by key: String) async throws -> String? {
    let query: SQL = "SELECT count(*) || ' ' || md5(string_agg(t::text, E'\\n' ORDER BY \(id: key))) FROM \(id: table) AS t"
    return try await TestDatabase.current.sql(query).value
  }

  @discardableResult
  func apply(again: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Bool {
    let ending = try await harness.runner().apply(again: again).ending
    if case .succeeded = ending { return true }
    Issue.record("\(ending)\n\(harness.events.text.suffix(2000))", sourceLocation: sourceLocation)
    return false
  }

  @discardableResult
  func rollBack(sourceLocation: SourceLocation = #_sourceLocation) async throws -> Bool {
    let ending = try await harness.runner().rollback().ending
    if case .rolledBack = ending { return true }
    Issue.record("\(ending)\n\(harness.events.text.suffix(2000))", sourceLocation: sourceLocation)
    return false
  }

  /// Refusals of the step, which has written nothing.
  func refusals() async throws -> [Finding] {
    guard case .refused(let findings) = try await harness.runner().apply().ending else { return [] }
    return findings.map(\.finding)
  }
}

/// What a swap changes on purpose: worked out from the inventory before it and from the choices.
struct IntendedChanges {
  let before: TableInventory
  let key: String
  let choices: [String: String]

  func filter(_ found: [InventoryDifference]) -> [InventoryDifference] { found.filter { !isIntended($0) } }

  private var primaryKey: TableInventory.Constraint? { before.constraints.first { $0.kind == .primaryKey } }
  private var isWidened: Bool { !(primaryKey?.columns.contains(key) ?? true) }

  private func isIntended(_ difference: InventoryDifference) -> Bool {
    let object = difference.object, aspect = difference.aspect ?? ""
    // A mark of CLUSTER belongs to a partition.
    if aspect == "clustered" { return true }
    if object == "table" { return aspect == "kind" || aspect.hasPrefix("option ") || aspect == "access method" }
    if object.hasPrefix("trigger \(KeyLog.triggerPrefix)") { return difference.kind == .added }
    if let name = primaryKey?.name, isWidened, aspect == "definition",
      object == "constraint \(name)" || isIndex(object, name)
    {
      return true
    }
    // Every partition checks what the partitioned table does.
    if object.hasPrefix("constraint "), aspect == "definition", difference.before == "\(difference.after ?? "") NO INHERIT" {
      return true
    }
    for (name, choice) in choices {
      guard isIndex(object, name) || object == "constraint \(name)" || object.hasPrefix("foreign key \(name) of ")
        || object == "publication \(name)"
      else {
        continue
      }
      switch choice {
      case "append": return aspect == "definition"
      case "drop", "guard": return difference.kind == .lost && difference.aspect == nil
      case "transfer": return aspect == "via root"
      case "per_partition": return difference.kind == .lost && difference.aspect == nil
      case "composite": return ["definition", "relies on"].contains(aspect)
      default: return false
      }
    }
    if object.hasSuffix("_lookup") || object.contains("_lookup\"") { return choices.values.contains("guard") }
    return false
  }

  private func isIndex(_ object: String, _ name: String) -> Bool {
    object == "index \(QualifiedName(before.name.schema, name))"
  }
}

import JSONText
import PluginAPI

/// Joins that repeat the rows an aggregate sees.
///
/// An aggregate over a relation's columns is right when each of its rows is in the join once: from that relation every
/// other one is reached over a unique key. Keys come from the catalog, so that what the plan calls a key is not enough.
struct FanOutFindings {
  let query: ViewQuery
  let hasInvariants: Bool
  let facts: any Facts

  func all() async throws -> [Finding] {
    guard let parsed = query.parsed else { return [] }
    let shapes = try await RelationShapes.read(query.relations, facts)
    var scopes: [JSON] = [parsed.tree]
    parsed.tree.eachNode { kind, body in if kind == "SelectStmt" { scopes.append(body) } }
    let common = CommonTables(parsed.tree)
    var said: Set<String> = []
    var findings: [Finding] = []
    for scope in scopes {
      for repeated in JoinScope(scope, shapes, common).repeated where said.insert(repeated).inserted {
        findings.append(finding(repeated))
      }
    }
    return findings
  }

  private func finding(_ what: String) -> Finding {
    let choices = [
      "aggregate each relation in a subquery of its own, then join the results",
      "count(DISTINCT key) where only a count is wanted",
    ]
    if hasInvariants {
      return .warning(
        "matview.fan_out", what + "; `verify` decides whether the numbers are right", choices: choices, at: query.range)
    }
    return .refusal(
      "matview.fan_out", what + ": the numbers come out several times too large", choices: choices + [
        "if it is meant so: say by `verify` what the numbers must agree with"
      ], at: query.range)
  }
}

/// Columns and unique keys of the relations a query names.
struct RelationShapes: Sendable {
  struct Shape: Sendable {
    var columns: Set<String> = []
    /// `nil`: a plain view, of which nothing is known.
    var keys: [Set<String>]?
  }

  private var byName: [QualifiedName: Shape] = [:]
  subscript(name: QualifiedName) -> Shape? { byName[name] }

  static func read(_ names: [QualifiedName], _ facts: any Facts) async throws -> RelationShapes {
    var shapes = RelationShapes()
    for name in names {
      guard let relation = try await facts.relation(name) else { continue }
      var shape = Shape(columns: Set(relation.columns.map(\.name)))
      if relation.kind.canHaveIndexes {
        shape.keys = try await facts.indexes(on: name).filter {
          $0.isUnique && $0.predicate == nil && $0.keys.allSatisfy { $0.column != nil }
        }.map { Set($0.keys.compactMap(\.column)) }
      }
      shapes.byName[name] = shape
    }
    return shapes
  }
}

/// Queries of WITH clauses, by name.
struct CommonTables {
  private var queries: [String: JSON] = [:]

  init(_ tree: JSON) {
    var found: [String: JSON] = [:]
    tree.eachNode { kind, body in
      if kind == "CommonTableExpr", let name = body.word("ctename") { found[name] = body["ctequery"]?["SelectStmt"] }
    }
    queries = found
  }

  subscript(name: String) -> JSON? { queries[name] }
}

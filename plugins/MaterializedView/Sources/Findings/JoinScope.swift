import JSONText
import PluginAPI

/// One SELECT: what it joins, by which columns, and what its aggregates read.
struct JoinScope {
  private struct Column: Hashable {
    var source: String
    var name: String
  }

  private let select: JSON
  private var sources: [JoinSource] = []
  private var equal: [(Column, Column)] = []
  /// Fixed to a constant.
  private var fixed: Set<Column> = []

  init(_ select: JSON, _ shapes: RelationShapes, _ common: CommonTables) {
    self.select = select
    for item in select.list("fromClause") { collect(item, shapes, common) }
    for item in select.list("fromClause") {
      item.joins { quals in for test in JoinScope.conjuncts(quals) { relate(test) } }
    }
    if let filter = select["whereClause"] { for test in JoinScope.conjuncts(filter) { relate(test) } }
  }

  /// A sentence for each aggregate that sees a row several times.
  var repeated: [String] {
    guard sources.count > 1 else { return [] }
    var sentences: [String] = []
    for part in select.list("targetList") + [select["havingClause"]].compactMap({ $0 }) {
      part.ownNodes { kind, body in
        guard kind == "FuncCall", let sentence = sentence(about: body) else { return }
        sentences.append(sentence)
      }
    }
    return sentences
  }

  // MARK: Aggregates

  private func sentence(about call: JSON) -> String? {
    let name = call.names("funcname").last ?? ""
    guard JoinSource.sensitive.contains(name), !call.flag("agg_distinct"), call["over"] == nil else { return nil }
    var read: Set<String> = []
    for part in call.list("args") + call.list("agg_order") + [call["agg_filter"]].compactMap({ $0 }) {
      part.eachNode { kind, body in
        if kind == "ColumnRef", let column = column(body) { read.insert(column.source) }
      }
    }
    let candidates = read.isEmpty ? sources.map(\.alias) : read.sorted()
    let missed = candidates.map { unreached(from: $0) }
    guard let best = missed.min(by: { $0.count < $1.count }), !best.isEmpty else { return nil }
    let place = missed.firstIndex(of: best).map { candidates[$0] } ?? ""
    let whose = read.isEmpty ? "rows" : "rows of \(place)"
    return "\(name)() counts \(whose) once for every matching row of \(best.joined(separator: " and of "))"
  }

  /// Relations of which several rows may belong to one of `alias`.
  private func unreached(from alias: String) -> [String] {
    var reached: Set = [alias]
    var grows = true
    while grows {
      grows = false
      for source in sources where !reached.contains(source.alias) {
        guard let keys = source.keys else {
          reached.insert(source.alias)
          grows = true
          continue
        }
        let bound = boundColumns(of: source.alias, by: reached)
        if keys.contains(where: bound.isSuperset) {
          reached.insert(source.alias)
          grows = true
        }
      }
    }
    return sources.map(\.alias).filter { !reached.contains($0) }
  }

  private func boundColumns(of alias: String, by reached: Set<String>) -> Set<String> {
    var bound = Set(fixed.filter { $0.source == alias }.map(\.name))
    for (one, two) in equal {
      if one.source == alias, reached.contains(two.source) { bound.insert(one.name) }
      if two.source == alias, reached.contains(one.source) { bound.insert(two.name) }
    }
    return bound
  }

  // MARK: Reading

  private mutating func collect(_ item: JSON, _ shapes: RelationShapes, _ common: CommonTables) {
    guard let (kind, body) = item.syntaxNode else { return }
    switch kind {
    case "JoinExpr":
      for side in ["larg", "rarg"] { if let part = body[side] { collect(part, shapes, common) } }
      for column in body.names("usingClause") { join(using: column) }
    case "RangeVar":
      let alias = body["alias"]?.word("aliasname") ?? body.word("relname") ?? ""
      if body["schemaname"] == nil, let query = common[body.word("relname") ?? ""] {
        sources.append(JoinSource(alias, query, shapes, common))
      } else if let name = body.relation, let shape = shapes[name] {
        sources.append(JoinSource(alias: alias, columns: shape.columns, keys: shape.keys))
      } else {
        sources.append(JoinSource(alias: alias, columns: [], keys: nil))
      }
    case "RangeSubselect":
      let alias = body["alias"]?.word("aliasname") ?? ""
      if let query = body["subquery"]?["SelectStmt"] {
        sources.append(JoinSource(alias, query, shapes, common))
      }
    default:
      let alias = body["alias"]?.word("aliasname") ?? ""
      sources.append(JoinSource(alias: alias, columns: [], keys: nil))
    }
  }

  private mutating func join(using column: String) {
    guard let last = sources.last else { return }
    for other in sources.dropLast() where other.columns.contains(column) {
      equal.append((Column(source: last.alias, name: column), Column(source: other.alias, name: column)))
    }
  }

  private mutating func relate(_ test: JSON) {
    guard let expression = test["A_Expr"], expression.names("name") == ["="], expression.word("kind") != "AEXPR_OP_ANY",
      expression.word("kind") != "AEXPR_IN", let left = expression["lexpr"], let right = expression["rexpr"]
    else { return }
    let one = left["ColumnRef"].flatMap(column), two = right["ColumnRef"].flatMap(column)
    switch (one, two) {
    case (let one?, let two?): if one.source != two.source { equal.append((one, two)) }
    case (let one?, nil) where right.isConstant: fixed.insert(one)
    case (nil, let two?) where left.isConstant: fixed.insert(two)
    default: break
    }
  }

  /// `a.x`, `schema.a.x`, or `x` where one source alone has it.
  private func column(_ reference: JSON) -> Column? {
    let fields = reference.names("fields")
    if fields.count >= 2 {
      let alias = fields[fields.count - 2]
      return sources.contains { $0.alias == alias } ? Column(source: alias, name: fields[fields.count - 1]) : nil
    }
    guard let name = fields.first else { return nil }
    let owners = sources.filter { $0.columns.contains(name) }
    return owners.count == 1 ? Column(source: owners[0].alias, name: name) : nil
  }

  private static func conjuncts(_ condition: JSON) -> [JSON] {
    guard let bool = condition["BoolExpr"], bool.word("boolop") == "AND_EXPR" else { return [condition] }
    return bool.list("args").flatMap(conjuncts)
  }
}

import JSONText
import PlanSchema
import PluginAPI

/// A query that must return true as long as the view is right.
struct Invariant: Sendable {
  let text: String
  let range: SourceRange

  /// Each a SELECT that only reads; what is wrong is reported together.
  static func read(_ wanted: [Located<SQLStatement>]) throws -> [Invariant] {
    var findings: [Finding] = []
    for item in wanted {
      let parsed = try? SQLParser.parseOne(item.value.text)
      let columns = parsed?.tree.list("targetList").count
      if parsed?.node == "SelectStmt", parsed?.isReadOnly == true, columns == 1 { continue }
      findings.append(
        .refusal(
          "matview.verify", "an invariant is a query that only reads and returns one boolean", choices: [
            "for example SELECT (SELECT sum(total) FROM public.sales_by_day) = (SELECT sum(total) FROM public.sales)"
          ], at: item.range))
    }
    guard findings.isEmpty else { throw StepRefusal(findings) }
    return wanted.map { Invariant(text: $0.value.text.trimmedStatement, range: $0.range) }
  }

  /// The statement of an operation.
  func statement(
    _ number: Int, of view: QualifiedName, reading fresh: QualifiedName? = nil
  ) throws -> TransactionStatement {
    TransactionStatement(
      SQL(verbatim: try fresh.map { try asked(of: $0, insteadOf: view) } ?? text), expect: .isTrue,
      message: "invariant \(number) of \(view) does not hold")
  }

  /// The same question about a relation of another name. The view is an alias in it, so that its columns go on being
  /// called by it.
  func asked(of fresh: QualifiedName, insteadOf view: QualifiedName) throws -> String {
    guard let parsed = try? SQLParser.parseOne(text) else { return text }
    var places: [(byte: Int, alias: Bool, qualified: Bool)] = []
    var names: Set<String> = []
    var isQualifiedColumn = false
    parsed.tree.eachNode { kind, body in
      switch kind {
      case "CommonTableExpr": names.insert(body.word("ctename") ?? "")
      case "RangeVar" where body.relation == view:
        places.append(
          (Int(body["location"]?.int ?? 0), body["alias"] != nil, body["schemaname"] != nil))
      case "ColumnRef":
        let fields = body.names("fields")
        if fields.count > 2, fields.prefix(2) == [view.schema, view.name] { isQualifiedColumn = true }
      default: break
      }
    }
    if isQualifiedColumn {
      throw StepRefusal(
        "matview.verify", "an invariant names a column as \(view).column: it could only be asked after the swap",
        choices: ["give the view an alias in it"], at: range)
    }
    var bytes = Array(text.utf8)
    for place in places.sorted(by: { $0.byte > $1.byte }) where place.qualified || !names.contains(view.name) {
      let end = Invariant.endOfName(bytes, from: place.byte)
      let alias = place.alias ? "" : " AS " + Quoting.identifier(view.name)
      bytes.replaceSubrange(place.byte..<end, with: Array((fresh.quoted + alias).utf8))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Behind `name` or `schema . name`.
  private static func endOfName(_ bytes: [UInt8], from start: Int) -> Int {
    var end = endOfPart(bytes, from: start)
    var next = end
    while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x0A { next += 1 }
    guard next < bytes.count, bytes[next] == UInt8(ascii: ".") else { return end }
    next += 1
    while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x0A { next += 1 }
    end = endOfPart(bytes, from: next)
    return end
  }

  private static func endOfPart(_ bytes: [UInt8], from start: Int) -> Int {
    guard start < bytes.count else { return start }
    var place = start
    guard bytes[start] == UInt8(ascii: "\"") else {
      while place < bytes.count, isWord(bytes[place]) { place += 1 }
      return place
    }
    place += 1
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "\"") {
        guard place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "\"") else { return place + 1 }
        place += 1
      }
      place += 1
    }
    return place
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...0xFF:
      true
    default: false
    }
  }
}

import JSONText
import OnlineDDL
import PluginAPI

/// The pattern of partition names: `{table}_p{start}`.
struct LeafNaming: ParameterValue, Hashable, Codable {
  let pattern: String

  init(_ pattern: String = "{table}_p{start}") { self.pattern = pattern }

  static var shape: Shape { .named("name pattern", pattern: "^[^{}]*(\\{table\\}[^{}]*)?\\{start\\}[^{}]*$") }

  static func read(_ node: Node, _ report: inout Diagnostics) -> LeafNaming? {
    guard let text = report.text(node, wanted: "a name pattern") else { return nil }
    let naming = LeafNaming(text)
    guard naming.isWellFormed else {
      report.error(
        "partition.naming", "`\(text)` has to contain {start} once, {table} at most once and before it, and nothing else"
          + " in braces", at: node.range, hint: "for example {table}_p{start}")
      return nil
    }
    guard naming.fixedBytes <= 30 else {
      report.error("partition.naming", "`\(text)` leaves too little of 63 bytes to the table's name", at: node.range)
      return nil
    }
    return naming
  }

  var json: JSON { .string(ReferenceText.escape(pattern)) }

  /// In at most 63 bytes: of a table's name that is too long, a part and its hash.
  func name(table: String, start: String) -> String {
    let (head, tail) = parts
    guard let place = head.firstRange(of: "{table}") else { return Quoting.fitted(head, suffix: start + tail) }
    return Quoting.fitted(head[..<place.lowerBound] + table, suffix: head[place.upperBound...] + start + tail)
  }

  /// The same for several, none of them twice and none that is `taken`.
  func names(table: String, starts: [String], avoiding taken: Set<String>) -> [String] {
    var taken = taken
    return starts.map { start in
      var name = name(table: table, start: start)
      var number = 1
      while !taken.insert(name).inserted {
        number += 1
        name = self.name(table: table, start: "\(start)_\(number)")
      }
      return name
    }
  }

  private var parts: (head: String, tail: String) {
    guard let place = pattern.firstRange(of: "{start}") else { return (pattern, "") }
    return (String(pattern[..<place.lowerBound]), String(pattern[place.upperBound...]))
  }

  private var isWellFormed: Bool {
    guard pattern.contains("{start}") else { return false }
    let (head, tail) = parts
    let table = head.firstRange(of: "{table}")
    let rest = table.map { head[..<$0.lowerBound] + head[$0.upperBound...] } ?? Substring(head)
    return !(rest + tail).contains { $0 == "{" || $0 == "}" }
  }

  private var fixedBytes: Int { pattern.utf8.count - (pattern.contains("{table}") ? 14 : 7) }
}

extension LeafBound {
  /// What names a partition that is not a range: the value, the remainder, `default`.
  var label: String {
    switch self {
    case .range(let from, _): from.text.map(LeafBound.plain) ?? "min"
    case .list(let values): values.first.map { $0.map(LeafBound.plain) ?? "null" } ?? "empty"
    case .hash(_, let remainder): String(remainder)
    case .default: "default"
    }
  }

  /// Letters, digits and underscores of a value, 20 at most.
  private static func plain(_ text: String) -> String {
    let letters = text.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
    return letters.isEmpty ? "empty" : String(letters.prefix(20))
  }
}

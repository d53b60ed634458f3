import PluginAPI

/// Names as PostgreSQL derives them: `table_column_column_idx`, a number where that is taken.
public enum IndexName {
  static func choose(for spec: IndexSpec, on table: RelationFacts, _ facts: any Facts) async throws -> String {
    if let name = spec.name { return name }
    return try await free(base(for: spec, on: table.name.name), in: table.name.schema, facts)
  }

  static func free(_ base: String, in schema: String, _ facts: any Facts) async throws -> String {
    free(base, avoiding: try await facts.takenNames(in: schema, startingWith: String(base.prefix(40))))
  }

  /// The first of `base`, `base1`, `base2`, … that no relation has.
  static func free(_ base: String, avoiding taken: Set<String>) -> String {
    var name = base
    var number = 0
    while taken.contains(name) {
      number += 1
      name = Quoting.fitted(base, suffix: String(number))
    }
    return name
  }

  /// Whether a derived name, numbered or not.
  public static func isDerived(_ name: String, for spec: IndexSpec, on table: String) -> Bool {
    let base = base(for: spec, on: table)
    guard name.hasPrefix(base) else { return false }
    return name.dropFirst(base.count).allSatisfy { ("0"..."9").contains($0) }
  }

  static func base(for spec: IndexSpec, on table: String) -> String {
    let keys = spec.keys.map { $0.column ?? word(of: $0.expression ?? "") }
    return Quoting.fitted(([table] + keys + spec.include).joined(separator: "_"), suffix: "_idx")
  }

  /// A function's name for `lower(name)`, else `expr`.
  private static func word(of expression: String) -> String {
    let head = expression.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    let rest = expression.dropFirst(head.count).drop { $0 == " " }
    return !head.isEmpty && rest.first == "(" ? head.lowercased() : "expr"
  }
}

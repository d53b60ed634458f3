import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText
import YAMLTree

/// From a wanted definition and the catalog to one transaction.
struct FunctionCompiler {
  let wanted: FunctionText
  let name: QualifiedName
  let place: SourceRange
  let facts: any Facts

  func program() async throws -> Program {
    await facts.consulted(name)
    let namesakes = try await ExistingFunction.all(name, facts)
    let types = namesakes.isEmpty ? [] : try await resolvedTypes()
    let inputs = zip(wanted.arguments, types).filter(\.0.isInput).map(\.1)
    guard let existing = namesakes.first(where: { $0.inputTypes.map(Optional.some) == inputs }) else {
      return new(beside: namesakes)
    }
    let change = FunctionChange(wanted: wanted, existing: existing, types: types, result: types.last ?? nil)
    if let refusal = refusal(existing) { return Program(findings: [refusal]) }
    if change.isNothing { return .alreadySo(.note("function.same", "\(name) is defined so already", at: place)) }
    let dependents = try await existing.dependents(facts)
    return change.obstacles.isEmpty ? replaced(existing, dependents) : renewed(change, dependents)
  }

  /// Of the arguments and, last, the result; a type the catalog does not know yet is `nil`.
  private func resolvedTypes() async throws -> [Int64?] {
    let names = wanted.arguments.map(\.type) + [wanted.result?.type ?? "void"]
    let rows = try await facts.rows(
      """
      SELECT COALESCE(to_regtype(t.name), to_regtype(\(Quoting.identifier(name.schema) + ".") || t.name),
        to_regtype('"public".' || t.name))::oid::text AS type
      FROM unnest(\(names)::text[]) WITH ORDINALITY AS t(name, place) ORDER BY t.place
      """)
    return rows.map { $0["type"].flatMap { Int64($0) } }
  }

  private func refusal(_ existing: ExistingFunction) -> Finding? {
    if existing.kind == "a" {
      return .refusal(
        "function.aggregate", "\(name) is an aggregate of the same arguments", choices: ["choose another name"],
        at: place)
    }
    return existing.extensionName.map {
      .refusal(
        "function.extension", "\(name) belongs to the extension \($0), whose next update would overwrite it",
        choices: ["choose another name"], at: place)
    }
  }

  private func new(beside namesakes: [ExistingFunction]) -> Program {
    let findings =
      namesakes.isEmpty
      ? []
      : [
        Finding.note(
          "function.overload",
          "\(name) gets a namesake with other arguments: \(namesakes.map(\.signature).joined(separator: ", ")) stays",
          at: place)
      ]
    let undo = Operation.transaction(
      id: "drop", title: "drop \(name)", [TransactionStatement("DROP \(sql: wanted.kind) \(sql: wanted.signature)")],
      undo: .nothing)
    return Program(
      findings: findings,
      operations: [define([SQL(verbatim: wanted.statement.text)], title: "create \(name)", undo: .operations([undo]))],
      privileges: [Privilege(.create(schema: name.schema))])
  }

  private func replaced(_ existing: ExistingFunction, _ dependents: [String]) -> Program {
    let stored = dependents.filter { $0.hasPrefix("index ") || $0.hasPrefix("constraint ") }
    let findings =
      stored.isEmpty
      ? []
      : [
        Finding.warning(
          "function.stored", "\(stored.joined(separator: ", ")) hold results of the old definition",
          choices: ["REINDEX or validate them again if a result changes"], at: place)
      ]
    let back = restore([SQL(verbatim: existing.definition)])
    return Program(
      findings: findings,
      operations: [define([SQL(verbatim: wanted.replacing)], title: "replace \(name)", undo: .operations([back]))])
  }

  private func renewed(_ change: FunctionChange, _ dependents: [String]) -> Program {
    let existing = change.existing
    let why = change.obstacles.joined(separator: ", ")
    guard dependents.isEmpty else {
      return Program(findings: [
        .refusal(
          "function.dependents",
          "\(name) has to be dropped and created again (\(why)), but these depend on it: "
            + dependents.joined(separator: ", "),
          choices: ["drop and create them in a sql.run step before and after", "give the new function another name"],
          at: place)
      ])
    }
    let ornaments = existing.ornaments(wanted.kind, wanted.signature)
    let forward: [SQL] = [
      "DROP \(sql: existing.keyword) \(sql: existing.signature)", SQL(verbatim: wanted.statement.text),
    ]
    let backward: [SQL] = ["DROP \(sql: wanted.kind) \(sql: wanted.signature)", SQL(verbatim: existing.definition)]
    let back = restore(backward + existing.ornaments(existing.keyword, existing.signature))
    return Program(
      findings: [
        .note("function.renewed", "\(name) is dropped and created again in one transaction: \(why)", at: place)
      ],
      operations: [define(forward + ornaments, title: "renew \(name)", undo: .operations([back]))])
  }

  private func define(_ statements: [SQL], title: String, undo: Undo) -> Operation {
    .transaction(
      id: "define", title: title, statements.map { TransactionStatement($0) }, settings: [path], undo: undo)
  }

  /// The old body need not be valid today to be what was there.
  private func restore(_ statements: [SQL]) -> Operation {
    .transaction(
      id: "restore", title: "restore \(name)", statements.map { TransactionStatement($0) },
      settings: [path, Setting("check_function_bodies", "off")], undo: .nothing)
  }

  /// Names in the statement without a schema mean the function's own, then `public`.
  private var path: Setting {
    let schemas = name.schema == "public" ? ["public"] : [name.schema, "public"]
    return Setting("search_path", schemas.map(Quoting.identifier).joined(separator: ", ") + ", pg_temp")
  }
}

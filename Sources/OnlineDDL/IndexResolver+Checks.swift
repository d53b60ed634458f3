import PluginAPI

extension IndexResolver {
  /// Whether an expression can be used over the table; what is wrong was reported.
  mutating func check(_ expression: String, at mark: SourceRange) async throws -> Bool {
    var parsed: ParsedExpression?
    var syntax: SQLParseError?
    do throws(SQLParseError) { parsed = try SQLParser.expression(expression) } catch { syntax = error }
    if parsed?.hasSubquery ?? false {
      findings.append(.refusal(
        "index.expression", "an index cannot hold a subquery: `\(expression)`", choices: ["write it without"], at: mark))
      return false
    }
    if let refused = try await facts.check([expression], on: table) {
      let reason = syntax.map(\.description) ?? (refused.isAboutStatement ? refused.message : "error \(refused.sqlState)")
      findings.append(.refusal(
        "index.expression", "\(table.name): `\(expression)`: \(reason)", choices: ["correct the expression"], at: mark))
      return false
    }
    if let syntax {
      guard try await facts.isSelfContained(expression, on: table) else {
        findings.append(.refusal(
          "index.expression", "`\(expression)` is not one expression: \(syntax)", choices: ["correct the expression"],
          at: mark))
        return false
      }
      findings.append(.warning(
        "index.not_linted", "the server accepts `\(expression)`, our PostgreSQL 15 grammar does not (\(syntax)): not linted",
        at: mark))
    }
    guard try await facts.isImmutable(expression, on: table) else {
      findings.append(try await notImmutable(expression, parsed, at: mark))
      return false
    }
    return try await checkMaintenancePath(expression, at: mark)
  }

  private func notImmutable(
    _ expression: String, _ parsed: ParsedExpression?, at mark: SourceRange
  ) async throws -> Finding {
    var culprits: [String] = []
    for call in parsed?.functions ?? [] {
      let known = try await facts.volatility(ofFunction: call.name, schema: call.schema)
      if let worst = known.first(where: { $0 != "immutable" }), !known.contains("immutable") || known.count == 1 {
        culprits.append("\(call.name) is \(worst)")
      } else if call.isChanging {
        culprits.append("\(call.name) is not immutable")
      }
    }
    let reason = culprits.isEmpty
      ? "a cast or operator in it depends on settings such as TimeZone" : culprits.joined(separator: ", ")
    let isMoving = culprits.contains { text in
      ["now", "current_date", "current_timestamp", "localtimestamp", "clock_timestamp"].contains { text.hasPrefix($0) }
    }
    var choices = isMoving
      ? [
        "leave the moving condition out of `where`; an index over the rest still serves the query",
        "index.rolling: a literal bound that moves with the calendar",
      ] : ["write it with immutable functions", "say the time zone: (at AT TIME ZONE 'UTC')::date"]
    if !culprits.isEmpty, !isMoving { choices[1] = "declare your own function IMMUTABLE if its result never changes" }
    return .refusal(
      "index.not_immutable", "PostgreSQL indexes immutable expressions only: in `\(expression)` \(reason)",
      choices: choices, at: mark)
  }

  /// From PostgreSQL 17 on, a build runs with search_path `pg_catalog, pg_temp` and leaves a broken index when a
  /// function in it looks for an unqualified name.
  private mutating func checkMaintenancePath(_ expression: String, at mark: SourceRange) async throws -> Bool {
    guard facts.capabilities.restrictsMaintenanceSearchPath, !table.isEmptyParent,
      let refused = try await facts.tryUnderMaintenancePath(expression, on: table)
    else { return true }
    guard refused.isAboutStatement else { return true }
    findings.append(.refusal(
      "index.search_path",
      "index builds run with search_path pg_catalog, pg_temp, and `\(expression)` fails there: \(refused.message)",
      choices: ["qualify the names in the function's body", "ALTER FUNCTION … SET search_path = public"], at: mark))
    return false
  }

  /// Whether the access method has the features asked for.
  mutating func checkMethod() async throws {
    let method = spec.method
    let found = try await facts.rows(
      """
      SELECT pg_indexam_has_property(a.oid, 'can_order') AS orders, pg_indexam_has_property(a.oid, 'can_unique') AS unique,
        pg_indexam_has_property(a.oid, 'can_multi_col') AS several, pg_indexam_has_property(a.oid, 'can_include') AS include
      FROM pg_am a WHERE a.amname = \(method) AND a.amtype = 'i'
      """)
    guard let row = found.first else {
      findings.append(.refusal(
        "index.method", "this server has no index method \(method)", choices: ["method: btree"], at: marks.method))
      return
    }
    func refuse(_ what: String) {
      findings.append(.refusal(
        "index.method", "\(method) indexes \(what)", choices: ["method: btree"], at: marks.method))
    }
    if try !row.bool("orders"), spec.keys.contains(where: { $0.isDescending || $0.nullsFirst != nil }) {
      refuse("have no order of keys")
    }
    if try !row.bool("unique"), spec.isUnique { refuse("cannot be unique") }
    if try !row.bool("several"), spec.keys.count > 1 { refuse("have one key only") }
    if try !row.bool("include"), !spec.include.isEmpty { refuse("have no INCLUDE columns") }
  }
}

extension RelationFacts {
  /// A partitioned table without partitions: nothing to try an expression on.
  var isEmptyParent: Bool { kind == .partitionedTable && (partitioning?.leaves.isEmpty ?? true) }
}

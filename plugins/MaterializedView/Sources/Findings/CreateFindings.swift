import JSONText
import PluginAPI

/// Everything that can be said about a view before anything is written.
struct CreateFindings {
  let wanted: MatviewCreate.Parameters
  let query: ViewQuery
  let columns: [String]
  let indexes: [WantedIndex]
  let tree: ViewTree?
  let facts: any Facts

  func all() async throws -> [Finding] {
    try await cycle + keys + roles()
      + FanOutFindings(query: query, hasInvariants: !wanted.verify.isEmpty, facts: facts).all() + clocks + RowSecurityFindings(wanted: wanted, query: query, facts: facts).all()
      + IncrementalFindings(query: query, facts: facts).all()
  }

  private var cycle: [Finding] {
    let own = Set([wanted.name] + (tree?.above.map(\.relation.name) ?? []))
    return query.relations.filter(own.contains).map { relation in
      .refusal(
        "matview.cycle", "the query of \(wanted.name) reads \(relation)"
          + (relation == wanted.name ? ", itself" : ", which reads \(wanted.name)") + ": neither could be made first",
        choices: ["read the tables behind it"], at: query.range)
    }
  }

  // MARK: Keys

  private var keys: [Finding] {
    let known = Set(columns)
    let unknown = indexes.flatMap { index in
      index.columns.filter { !columns.isEmpty && !known.contains($0) }.map { column in
        Finding.refusal(
          "matview.column", "the query returns no column \(QualifiedName.readable(column))"
            + " (it returns \(columns.map(QualifiedName.readable).joined(separator: ", ")))",
          choices: ["correct the name", "add the column to the query"], at: index.range)
      }
    }
    return unknown + concurrency
  }

  private var concurrency: [Finding] {
    let existing = tree?.root.indexes ?? []
    let isThere = indexes.contains(where: \.tellsRowsApart) || existing.contains(where: \.tellsRowsApart)
    guard !isThere, wanted.refresh.mode != .full else { return [] }
    let near = indexes.filter(\.isUnique).map(\.name).first.map {
      " (\($0) does not count: it has an expression or a condition)"
    } ?? ""
    let what = "\(wanted.name) has no unique index on plain columns\(near)"
    if wanted.refresh.mode == .concurrently {
      return [
        .refusal(
          "matview.unique_key", what + ": PostgreSQL refuses to refresh it concurrently (55000)",
          choices: ["unique_key: [the columns that tell its rows apart]", "refresh: { mode: full }, readers wait"],
          at: wanted.$refresh)
      ]
    }
    return [
      .warning(
        "matview.unique_key", what + ": every refresh is a full one, and its readers wait as long as that takes, at most"
          + " max_stall", choices: [
            "unique_key: [the columns that tell its rows apart]",
            "a view of a single row: add a constant column, 1 AS one, and make it the key",
          ], at: wanted.$name)
    ]
  }

  private func roles() async throws -> [Finding] {
    let wantedRoles = wanted.grants.compactMap { GrantList.role($0.key) }
    guard !wantedRoles.isEmpty else { return [] }
    let found = try await facts.rows("SELECT rolname FROM pg_roles WHERE rolname = ANY (\(wantedRoles)::name[])")
    let known = Set(found.compactMap { $0[0] })
    let unknown = wanted.grants.filter { entry in GrantList.role(entry.key).map { !known.contains($0) } ?? false }
    return unknown.map { entry in
      .refusal(
        "matview.role", "there is no role \(QualifiedName.readable(entry.key)): the view would be made and nobody could"
          + " be granted it", choices: ["create the role first", "leave it out of `grants`"], at: entry.range)
    }
  }

  // MARK: Clocks

  private static let clocks: Set = [
    "now", "current_timestamp", "current_date", "current_time", "localtimestamp", "localtime", "transaction_timestamp",
    "statement_timestamp", "clock_timestamp", "timeofday", "age", "current_user", "session_user", "user", "current_role",
  ]

  private var clocks: [Finding] {
    guard let parsed = query.parsed else { return [] }
    let found = parsed.functions.filter { call in
      guard CreateFindings.clocks.contains(call.name), (call.schema ?? "pg_catalog") == "pg_catalog" else { return false }
      return call.name != "age" || hasClockAge(parsed)
    }
    let names = Set(found.map(\.name)).sorted()
    guard !names.isEmpty else { return [] }
    return [
      .warning(
        "matview.frozen_clock", "\(names.joined(separator: ", ")) in the query: evaluated once, at the refresh, and frozen"
          + " until the next one; `last 30 days` ages with the view, and who asks is whoever refreshed",
        choices: [
          "keep the moment as a column and compare with now() when the view is read",
          "refresh often enough for what the number promises",
        ], at: query.range)
    ]
  }

  /// `age(x)` counts from today.
  private func hasClockAge(_ parsed: ParsedStatement) -> Bool {
    var found = false
    parsed.tree.eachNode { kind, body in
      if kind == "FuncCall", body.names("funcname").last == "age", body.list("args").count == 1 { found = true }
    }
    return found
  }
}

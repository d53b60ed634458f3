package import PluginAPI
package import SQLText

/// What a program will have changed in the catalog, as its statements declare it.
package struct ProgramEffects: Sendable, Hashable {
  /// Relations created, altered, renamed or dropped.
  package var shaped: Set<QualifiedName> = []
  /// Relations that got or lost an index.
  package var indexed: Set<QualifiedName> = []
  /// Relations whose rows are written.
  package var written: Set<QualifiedName> = []
  /// Relations the statements name, to read or to lock them.
  package var named: Set<QualifiedName> = []
  /// Something that may do anything (DO, a function of the user, a program).
  package var opaque = false

  package var relations: Set<QualifiedName> { shaped.union(indexed).union(written) }

  package init() {}

  package init(of operations: [Operation]) {
    for operation in operations.flatMap(\.everyLeaf) {
      named.formUnion(operation.locks.map(\.relation))
      for lock in operation.locks where lock.mode > .rowExclusive { indexed.insert(lock.relation) }
      if case .bracket = operation.work { continue }
      for statement in operation.statements { add(statement) }
      if case .process = operation.work { opaque = true }
    }
  }

  private mutating func add(_ statement: SQL) {
    guard let parsed = try? SQLParser.parse(statement.text) else {
      opaque = true
      return
    }
    for statement in parsed {
      let effects = statement.effects
      if statement.node == "IndexStmt" {
        indexed.formUnion(effects.altered)
        shaped.formUnion(effects.created)
      } else {
        shaped.formUnion(effects.created + effects.altered + effects.dropped)
      }
      written.formUnion(effects.written)
      named.formUnion(statement.locks.map(\.relation))
      opaque = opaque || effects.opaque
    }
  }

  /// Whether a compilation that looked at `consulted` may come out differently once these have happened.
  package func mayChange(_ consulted: Set<QualifiedName>, ordered: Bool) -> Bool {
    if ordered { return opaque || !consulted.isDisjoint(with: relations) }
    return !consulted.isDisjoint(with: shaped)
  }
}

extension Operation {
  /// Every statement the operation sends that changes something, in order; a chunk's text has its placeholders bound.
  /// What stands inside a bracket are operations of their own.
  package var statements: [SQL] {
    switch work {
    case .transaction(let work): work.entry + work.statements.map(\.sql)
    case .autocommit(let work): [work.statement]
    case .chunked(let work):
      work.entry + work.statements.map { ChunkStatement($0).sql(cursor: nil, size: 0, slice: nil) }
    case .parallel(let work): work.members.flatMap(\.statements)
    case .bracket(let work): (work.open + work.close).flatMap(\.statements)
    case .observe, .file, .process, .export, .admin: []
    }
  }
}

extension Operation {
  /// Every statement it may send, also those that only look.
  var everyQuery: [SQL] {
    let own: [SQL?] =
      switch work {
      case .autocommit(let work): [work.probe, work.progress] + work.cleanup
      case .chunked(let work): [work.until, work.slices, work.total]
      case .observe(let work): [work.until] + work.queries.map(\.sql)
      case .export(let work): work.prelude + work.queries.map(\.sql)
      case .transaction, .file, .process, .parallel, .admin, .bracket: []
      }
    return statements + (own + [unless]).compactMap { $0 }
  }
}

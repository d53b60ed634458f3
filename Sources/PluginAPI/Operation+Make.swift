public import PlanSchema
public import SQLText

extension Operation {
  public static func transaction(
    id: String, title: String, _ statements: [TransactionStatement], unless: SQL? = nil, locks: [RelationLock] = [],
    resources: [Resource] = [], settings: [Setting] = [], isolation: TransactionWork.Isolation = .readCommitted, undo: Undo
  ) -> Operation {
    Operation(
      id: id, title: title, unless: unless, locks: locks, resources: resources,
      work: .transaction(TransactionWork(statements, isolation: isolation, settings: settings)), undo: undo)
  }

  public static func autocommit(
    id: String, title: String, _ work: AutocommitWork, unless: SQL? = nil, locks: [RelationLock] = [],
    resources: [Resource] = [], undo: Undo
  ) -> Operation {
    Operation(
      id: id, title: title, unless: unless, locks: locks, resources: resources, work: .autocommit(work), undo: undo)
  }

  public static func chunked(
    id: String, title: String, _ work: ChunkedWork, unless: SQL? = nil, locks: [RelationLock] = [], undo: Undo
  ) -> Operation {
    Operation(id: id, title: title, unless: unless, locks: locks, work: .chunked(work), undo: undo)
  }

  public static func observe(id: String, title: String, _ work: ObserveWork) -> Operation {
    Operation(id: id, title: title, work: .observe(work), undo: .nothing)
  }

  /// A wait that says why; `until` returns `(ok, why)`.
  public static func wait(id: String, title: String, until: SQL, deadline: TimeSpan, every: TimeSpan) -> Operation {
    observe(id: id, title: title, ObserveWork([], until: until, deadline: deadline, every: every))
  }

  public static func parallel(id: String, title: String, width: Int, _ members: [Operation]) -> Operation {
    Operation(id: id, title: title, work: .parallel(ParallelWork(members, width: width)), undo: .nothing)
  }
}

extension Operation {
  /// Undo removes the files, unless somebody has changed them.
  public static func export(id: String, title: String, _ work: ExportWork, unless: SQL? = nil) -> Operation {
    Operation(id: id, title: title, unless: unless, resources: [.snapshot], work: .export(work), undo: .nothing)
  }

  public static func admin(id: String, title: String, _ work: AdminWork, undo: Undo) -> Operation {
    Operation(id: id, title: title, work: .admin(work), undo: undo)
  }

  /// Without an `undo` of its own its body is taken back inside the same bracket.
  public static func bracket(
    id: String, title: String, _ work: BracketWork, unless: SQL? = nil, undo: Undo = .nothing
  ) -> Operation {
    Operation(id: id, title: title, unless: unless, work: .bracket(work), undo: undo)
  }
}

public import SQLText

/// One thing the engine does for a step: a closed set of kinds, Codable because the journal keeps it before it runs.
public struct Operation: Sendable, Hashable, Codable {
  /// Stable within the step: resuming finds the task by it.
  public var id: String
  /// What a person reads in a progress line.
  public var title: String
  /// A query with one boolean; true makes the operation unnecessary.
  public var unless: SQL?
  /// Relation locks it takes; checked against the parsed statements.
  public var locks: [RelationLock]
  /// Held by the step from its claim to its end.
  public var resources: [Resource]
  public var work: Work
  public var undo: Undo

  public init(
    id: String, title: String, unless: SQL? = nil, locks: [RelationLock] = [], resources: [Resource] = [],
    work: Work, undo: Undo
  ) {
    self.id = id
    self.title = title
    self.unless = unless
    self.locks = locks
    self.resources = resources
    self.work = work
    self.undo = undo
  }
}

public enum Work: Sendable, Hashable, Codable {
  case transaction(TransactionWork)
  case autocommit(AutocommitWork)
  case chunked(ChunkedWork)
  case observe(ObserveWork)
  case file(FileWork)
  case process(ProcessWork)
  case parallel(ParallelWork)
  case export(ExportWork)
  case admin(AdminWork)
  case bracket(BracketWork)

  /// The name journal, events and `plan` use.
  public var kind: String {
    switch self {
    case .transaction: "transaction"
    case .autocommit: "autocommit"
    case .chunked: "chunked"
    case .observe: "observe"
    case .file: "file"
    case .process: "process"
    case .parallel: "parallel"
    case .export: "export"
    case .admin: "admin"
    case .bracket: "bracket"
    }
  }
}

/// How an operation is taken back.
public enum Undo: Sendable, Hashable, Codable {
  /// Run in this order.
  case operations([Operation])
  /// The reverse phase of that name is compiled from the catalog as it is then.
  case recompile(phase: String)
  /// It changed nothing that outlives it.
  case nothing
  /// A point of no return.
  case irreversible(reason: String)
}

/// Something only so many steps may use at a time, whatever runner they are on.
public struct Resource: Sendable, Hashable, Codable {
  public var name: String
  /// Holders in the same mode share it; `exclusive` shares with nobody.
  public var mode: String

  public init(_ name: String, mode: String = "exclusive") {
    self.name = name
    self.mode = mode
  }

  /// Two concurrent builds on one table only queue behind each other, and each waits for every older snapshot.
  public static func concurrentIndex(on table: QualifiedName) -> [Resource] {
    [Resource("cic:\(table)"), Resource("snapshots", mode: "cic")]
  }

  /// A snapshot that lives as long as its step: a concurrent build anywhere in the database would wait for its end.
  public static let snapshot = Resource("snapshots", mode: "snapshot")

  /// Each name once; wanted in two modes it is wanted alone.
  public static func merged(_ resources: some Sequence<Resource>) -> [Resource] {
    var modes: [String: String] = [:]
    for resource in resources {
      let mode = modes[resource.name] ?? resource.mode
      modes[resource.name] = mode == resource.mode ? mode : "exclusive"
    }
    return modes.sorted { $0.key < $1.key }.map { Resource($0.key, mode: $0.value) }
  }
}

extension Operation {
  /// What has a task of its own: the operation, the members of a `parallel`, a `bracket` before its body.
  public var leaves: [Operation] {
    switch work {
    case .parallel(let work): work.members.flatMap(\.leaves)
    case .bracket(let work): [self] + work.body.flatMap(\.leaves)
    default: [self]
    }
  }

  /// Everything it may run: the leaves and what opens and closes its brackets.
  public var everyLeaf: [Operation] {
    switch work {
    case .parallel(let work): work.members.flatMap(\.everyLeaf)
    case .bracket(let work): [self] + (work.open + work.body + work.close).flatMap(\.everyLeaf)
    default: [self]
    }
  }

  /// What it holds, also where it does not say so: an export is a snapshot.
  public var held: [Resource] {
    if case .export = work, !resources.contains(.snapshot) { resources + [.snapshot] } else { resources }
  }
}

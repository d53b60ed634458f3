import JSONText
import OnlineDDL
import PluginAPI

/// What was decided when the swap began, handed from phase to phase.
struct SwapCarry: Sendable, Hashable, Codable {
  var names: SwapNames
  var key: PartitionKey
  var method: Method
  var leaves: [PlannedLeaf]
  var indexes: [CopyIndex]
  var guards: [KeyGuard]
  var references: [CompositeReference]
  /// By the way rows are found: random keys are copied as they lie on disk.
  var order: KeyLog.CopyOrder
  /// The application's table to its copy.
  var forward: KeyLog
  /// After the cutover, the other way.
  var reverse: KeyLog
  /// Of the triggers that note changes, as they were made; from `copy` on.
  var captureFingerprint: String?
  /// The table as the copy was made from it.
  var made: TableInventory
  /// What hung on the table when names changed hands; from `cutover` on.
  var before: TableInventory?
  /// Rows that had no key got one.
  var fill: NullFill?

  var json: JSON { get throws { try JSON(encoding: self) } }

  init(_ carry: JSON) throws { self = try carry.decoded() }

  init(_ subject: SwapSubject, _ leaves: [PlannedLeaf]) async throws {
    let names = SwapNames(subject.name, tag: subject.step.runTag)
    let primary = try await LoggedColumn.read(subject.primaryKey.columns, of: subject.name, subject.facts)
    guard let key = try await LoggedColumn.read([subject.key.name], of: subject.name, subject.facts).first else {
      throw StepRefusal("swap.key", "\(subject.name) has no column \(subject.key.name)", choices: [])
    }
    self.names = names
    self.key = subject.partitionKey
    method = subject.wanted.method
    self.leaves = leaves
    indexes = subject.copyIndexes()
    guards = try await subject.guards()
    references = subject.compositeReferences()
    made = subject.keyed
    order = subject.copyOrder
    fill = try await subject.nullFill()
    let columns = subject.table.columns.filter { $0.generated == nil }.map(\.name)
    let isAlways = subject.table.columns.contains { $0.identity == .always }
    forward = KeyLog(
      source: names.source, copy: names.copy, primaryKey: primary, partitionKey: key, columns: columns, name: names.log)
    reverse = KeyLog(
      source: names.source, copy: names.old, primaryKey: primary, partitionKey: key, columns: columns,
      overridesIdentity: isAlways, name: Quoting.fitted(names.log, suffix: "_back"))
    let types = subject.table.columns.filter { $0.generated == nil }.map(\.type)
    forward.hashesRecords = try await subject.facts.attempt(KeyLog.hashing(types)) == nil
    reverse.hashesRecords = forward.hashesRecords
  }

  /// Of the table that has the name, after the exchange that `log` was replayed in for the last time.
  func oldWriters(_ log: KeyLog) -> OldWriters { OldWriters(table: names.source, name: log.name) }

  /// What follows PARTITION BY.
  var partitionedBy: SQL { "\(sql: method.rawValue.uppercased()) (\(id: key.column))" }
  var leafNames: [QualifiedName] { leaves.map(\.name) }
}

extension SwapSubject {
  /// Through the primary key where it goes along with the disk; else every row would be a page of its own.
  var copyOrder: KeyLog.CopyOrder {
    let correlation = size.column(primaryKey.columns.first ?? "")?.correlation ?? 1
    return abs(correlation) > 0.5 ? .primaryKey : .blocks
  }
}

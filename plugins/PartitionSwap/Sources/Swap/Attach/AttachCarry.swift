import JSONText
import OnlineDDL
import PluginAPI

/// What was decided when the table began to become the first partition, handed from phase to phase.
struct AttachCarry: Sendable, Hashable, Codable {
  var names: SwapNames
  var key: PartitionKey
  /// Of the table as a partition.
  var history: LeafBound
  /// Those to come.
  var leaves: [PlannedLeaf]
  /// Of the partitioned table.
  var indexes: [CopyIndex]
  /// Those of the table that a partition cannot have as they are.
  var replaced: [ReplacedIndex]
  /// Of every index the table had.
  var indexNames: [String]
  var references: [CompositeReference]
  var fill: NullFill?
  /// What hung on the table when names changed hands; from `cutover` on.
  var before: TableInventory?

  /// A CHECK that proves the bound: ATTACH PARTITION has nothing to read.
  static let boundCheck = "caisson_bound"

  var json: JSON { get throws { try JSON(encoding: self) } }

  /// `nil`: the rows are copied.
  static func read(_ carry: JSON) throws -> AttachCarry? { carry["history"] == nil ? nil : try carry.decoded() }

  init(_ subject: SwapSubject, _ bound: LeafBound, _ leaves: [PlannedLeaf]) async throws {
    names = SwapNames(subject.name, tag: subject.step.runTag)
    key = subject.partitionKey
    history = bound
    self.leaves = leaves
    indexes = subject.copyIndexes()
    replaced = try await subject.replacedIndexes()
    indexNames = subject.table.indexes.map(\.name.name)
    references = subject.compositeReferences()
    fill = try await subject.nullFill()
  }

  var leafNames: [QualifiedName] { leaves.map(\.name) }

  func program(
    _ phase: PartitionSwap.Phase, _ step: Step<PartitionSwap.Parameters>, _ facts: any Facts
  ) async throws -> Program {
    switch phase {
    case .prepare: Program()
    case .copy: try AttachIndexes(step: step, carry: self).program()
    case .cutover: try await AttachCutover(step: step, carry: self, facts: facts).program()
    case .settle: try await AttachSettle(step: step, carry: self, facts: facts).program()
    case .finalize: try finalize()
    case .revert: try await AttachRevert(step: step, carry: self, facts: facts).program()
    }
  }

  /// Nothing is dropped: the table is a partition now. Only which rows were filled is forgotten.
  private func finalize() throws -> Program {
    guard let fill else { return Program(carry: try json) }
    let forget = Operation.transaction(
      id: "forget", title: "drop \(fill.noted)", [TransactionStatement(fill.forget)],
      undo: .irreversible(reason: "which rows had no \(key.column) is forgotten"))
    return Program(operations: [forget], carry: try json)
  }
}

extension SwapNames {
  /// Of what the table keeps as a partition.
  static func history(_ name: String) -> String { Quoting.fitted(name, suffix: "_history") }
}

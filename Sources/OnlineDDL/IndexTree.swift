public import PluginAPI

/// An index of a partitioned table with the indexes of its partitions, and what there is of each.
public struct IndexTree: Sendable, Hashable {
  public enum State: Sendable, Hashable {
    case absent
    /// Invalid, of this shape, and nobody builds it.
    case leftover
    /// Valid, but not attached to the parent's index: taken as it is.
    case detached
    case attached(isValid: Bool)
  }

  public var definition: IndexDefinition
  /// An index of a partitioned table has no storage, only children.
  public var isPartitioned: Bool
  public var state: State
  public var children: [IndexTree]

  public init(_ definition: IndexDefinition, isPartitioned: Bool, state: State, children: [IndexTree] = []) {
    self.definition = definition
    self.isPartitioned = isPartitioned
    self.state = state
    self.children = children
  }

  /// Nodes that have storage.
  public var leaves: [IndexTree] { isPartitioned ? children.flatMap(\.leaves) : [self] }

  /// True when the catalog has all of it, valid and attached.
  public var isComplete: Bool { state == .attached(isValid: true) && children.allSatisfy(\.isComplete) }

  /// The tree as it is in the catalog, to be built again after it was dropped.
  public static func recreating(_ index: IndexFacts, _ facts: any Facts) async throws -> IndexTree {
    var children: [IndexTree] = []
    if index.isPartitioned {
      for child in try await facts.children(of: index) { children.append(try await recreating(child, facts)) }
    }
    return IndexTree(
      IndexDefinition(index), isPartitioned: index.isPartitioned, state: .absent, children: children)
  }
}

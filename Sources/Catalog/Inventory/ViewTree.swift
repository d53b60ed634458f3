public import SQLText

/// A view or materialized view with everything on it, and everything that reads it.
public struct ViewTree: Sendable, Hashable, Codable {
  public var root: TableInventory.View
  /// Of the root; `dependents` stand in the order in which they can be created.
  public var inventory: TableInventory

  public var name: QualifiedName { root.relation.name }

  /// Views and materialized views on top, in the order in which they can be created.
  public var above: [TableInventory.View] {
    inventory.dependents.compactMap { if case .view(let view) = $0.object { view } else { nil } }
  }

  /// The root and what is above it.
  public var views: [TableInventory.View] { [root] + above }

  /// The same without what can be given to a relation at any time: owner, privileges, comments, rows. Equal outlines
  /// mean that the same statements build both.
  public var outline: ViewTree {
    var tree = self
    tree.root = root.outline
    tree.inventory.relation = root.outline.relation
    tree.inventory.columns = root.outline.columns
    tree.inventory.indexes = root.outline.indexes
    for (place, dependent) in inventory.dependents.enumerated() {
      if case .view(let view) = dependent.object { tree.inventory.dependents[place].object = .view(view.outline) }
    }
    return tree
  }
}

extension TableInventory.View {
  /// Without owner, privileges, comments, labels and whether it holds rows.
  fileprivate var outline: TableInventory.View {
    var view = self
    view.relation.owner = ""
    view.relation.grants = []
    view.relation.comment = nil
    view.relation.securityLabels = []
    view.relation.isPopulated = true
    for place in view.columns.indices {
      view.columns[place].comment = nil
      view.columns[place].grants = []
      view.columns[place].securityLabels = []
    }
    return view
  }
}

extension TableInventory.Index {
  /// One that does not exist yet. `body` is what follows USING: `btree (a)`.
  public init(new name: QualifiedName, body: String, method: String, isUnique: Bool) {
    self.init(
      oid: 0, name: name, body: body, method: method, keys: [], include: [], predicate: nil, columns: [], options: [],
      tablespace: nil, isUnique: isUnique, nullsNotDistinct: false, isPrimary: false, isExclusion: false,
      isValid: true, isClustered: false, isReplicaIdentity: false, constraint: nil, parent: nil, comment: nil)
  }
}

extension CatalogSource {
  /// `nil`: no view or materialized view has that name.
  public func viewTree(of name: QualifiedName) async throws -> ViewTree? {
    guard let inventory = try await inventory(of: name),
      [.view, .materializedView].contains(inventory.relation.kind)
    else { return nil }
    let found = try await withSettings([("search_path", InventoryQuery.searchPath)]) {
      try InventoryPart<String>(try await repeatedRows(InventoryQuery.views([inventory.relation.oid]))).all
    }
    guard let definition = found.first else { return nil }
    let root = TableInventory.View(
      relation: inventory.relation, columns: inventory.columns, definition: definition, indexes: inventory.indexes,
      triggers: inventory.triggers, rules: inventory.rules, statistics: inventory.statistics)
    return ViewTree(root: root, inventory: inventory)
  }
}

extension Grant {
  /// Without the right to hand it on.
  public init(to grantee: String?, by grantor: String, _ privilege: String) {
    self.init(grantee: grantee, grantor: grantor, privilege: privilege, isGrantable: false)
  }
}

extension ViewTree {
  /// A tree whose root is to be another.
  public init(root: TableInventory.View, over inventory: TableInventory) {
    self.init(root: root, inventory: inventory)
  }
}

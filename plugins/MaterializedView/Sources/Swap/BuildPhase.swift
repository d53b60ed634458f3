import JSONText
import PluginAPI

/// The outline shows what the server makes of the query. The same as before: it goes again. Else the view is built
/// beside, with everything on top.
struct BuildPhase {
  let step: Step<MatviewCreate.Parameters>
  let carry: MatviewCarry
  let facts: any Facts

  private var wanted: MatviewCreate.Parameters { step.parameters }
  private var name: QualifiedName { wanted.name }

  func program() async throws -> Program {
    guard let tree = try await facts.viewTree(of: name),
      let outline = try await facts.viewTree(of: SideName.fresh(name))
    else {
      throw StepRefusal("matview.gone", "\(name) or its outline is gone", choices: ["roll the step back"])
    }
    let indexes = WantedIndex.all(wanted)
    guard isOther(outline.root, tree.root) else { return try same(tree, indexes) }
    let obstacles = try await DependentFindings(
      tree: tree, columns: outline.root.columns.map(\.name), range: wanted.$name, facts: facts
    ).all()
    let target = TargetView(
      wanted: wanted, indexes: indexes, outline: outline.root, standing: tree.root, former: carry.former)
    var handed = carry
    handed.target = target.view
    handed.before = tree
    let build = TreeBuild(
      tree: tree, target: target.view, invariants: try Invariant.read(wanted.verify), timeout: wanted.refresh.timeout)
    return Program(
      findings: obstacles + target.findings, operations: [try build.operation], carry: try handed.json)
  }

  /// Both are the server's renderings, made with the same search_path.
  private func isOther(_ one: TableInventory.View, _ two: TableInventory.View) -> Bool {
    func shape(_ view: TableInventory.View) -> [String] {
      [view.definition] + view.columns.map { "\($0.name) \($0.type) \($0.collation?.quoted ?? "")" }
    }
    return shape(one) != shape(two)
  }

  private func same(_ tree: ViewTree, _ indexes: [WantedIndex]) throws -> Program {
    var done = carry
    done.isChanging = false
    var program = Adjustment(
      wanted: wanted, indexes: indexes, entry: carry.entry, former: carry.former, tree: tree).program
    program.operations.insert(
      .transaction(
        id: "drop-outline", title: "\(name) holds this query already: drop the outline",
        [TransactionStatement("DROP MATERIALIZED VIEW IF EXISTS \(id: SideName.fresh(name))")], undo: .nothing), at: 0)
    program.carry = try done.json
    return program
  }
}

import JSONText
import PluginAPI

/// Compiled from the catalog as it is by then: what was granted or commented since is on the new ones too.
struct ExchangePhase {
  let step: Step<MatviewCreate.Parameters>
  let carry: MatviewCarry
  let facts: any Facts

  func program() async throws -> Program {
    let name = step.parameters.name
    guard let target = carry.target, let built = carry.before, let tree = try await facts.viewTree(of: name) else {
      throw StepRefusal("matview.gone", "\(name) is gone", choices: ["roll the step back"])
    }
    guard tree.outline == built.outline else {
      throw StepRefusal(
        "matview.moved", "\(name) or something on top of it was altered while the new one was built: what was built"
          + " does not have that", choices: ["roll the step back and apply again: it is built from what is there then"])
    }
    var handed = carry
    handed.before = tree
    let exchange = TreeExchange(
      tree: tree, built: ViewTree(root: target, over: built.inventory), target: dressed(target, tree.root),
      register: carry.entry.write + MatviewRegister.hand(SideName.fresh(name), to: name),
      fingerprint: try await TreeFingerprint(tree, facts), settings: try await DeadlockPatience.settings(facts))
    let operations = [exchange.operation(undo: .recompile(phase: MatviewCreate.Phase.revert.rawValue))]
      + exchange.retirement
    return Program(operations: operations, carry: try handed.json)
  }

  /// With owner, privileges and comments that the old one has by now.
  private func dressed(_ target: TableInventory.View, _ now: TableInventory.View) -> TableInventory.View {
    TargetView(
      wanted: step.parameters, indexes: [], outline: target, standing: now, former: carry.former
    ).dress(target)
  }
}

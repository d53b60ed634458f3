import JSONText
import PluginAPI

/// The way back: the former definition is built beside from what is recorded of it, with what is on top today, and takes
/// the name in the same way.
struct RevertPhase {
  let step: Step<MatviewCreate.Parameters>
  let carry: MatviewCarry
  let facts: any Facts

  func program() async throws -> Program {
    let name = step.parameters.name
    guard let former = carry.before?.root, let tree = try await facts.viewTree(of: name) else {
      throw StepRefusal("matview.gone", "\(name) is gone: nothing can take its place", choices: ["make it again by hand"])
    }
    let obstacles = try await DependentFindings(
      tree: tree, columns: former.columns.map(\.name), range: step.parameters.$name, facts: facts
    ).all()
    let build = TreeBuild(tree: tree, target: former, invariants: [], timeout: step.parameters.refresh.timeout)
    var register = carry.former?.write ?? []
    register += former.relation.isPopulated && carry.former != nil
      ? MatviewRegister.hand(SideName.fresh(name), to: name) : [MatviewRegister.remove(SideName.fresh(name))]
    if carry.former == nil { register.append(MatviewRegister.remove(name)) }
    let exchange = TreeExchange(
      tree: tree, built: ViewTree(root: former, over: tree.inventory), target: former, register: register,
      fingerprint: try await TreeFingerprint(tree, facts), settings: try await DeadlockPatience.settings(facts))
    var first = try build.operation
    first.undo = .nothing
    return Program(findings: obstacles, operations: [first, exchange.operation(undo: .nothing)] + exchange.retirement)
  }
}

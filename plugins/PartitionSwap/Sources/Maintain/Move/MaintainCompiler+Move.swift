import JSONText
import PluginAPI

extension MaintainCompiler {
  /// The phases after `apply`: nothing, unless there is a larger move.
  func moved() async throws -> Program {
    guard var move = try RangeMove.read(step.carry) else { return Program(carry: step.carry) }
    let chunk = step.parameters.chunk
    guard step.phase == PartitionMaintain.Phase.move.rawValue else {
      let exchange = RangeMoveExchange(move: move, key: key, chunk: chunk, facts: facts)
      return Program(operations: try await exchange.operations() + [PartitionSupply.ahead(table, key)], carry: step.carry)
    }
    let (leaves, creation) = try await supply().moved()
    move.leaves = leaves
    let copied = try await RangeMoveCopy(move: move, chunk: chunk, facts: facts).compiled()
    return Program(operations: [move.tables(creation, key)] + copied.operations, carry: try copied.move.put(into: step.carry))
  }
}

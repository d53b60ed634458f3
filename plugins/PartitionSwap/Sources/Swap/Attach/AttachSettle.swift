import OnlineDDL
import PluginAPI

/// What may take as long as it takes once the names are right.
struct AttachSettle {
  let step: Step<PartitionSwap.Parameters>
  let carry: AttachCarry
  let facts: any Facts

  func program() async throws -> Program {
    let source = carry.names.source
    let incoming = try await facts.inventory(of: source)?.incomingForeignKeys.filter { !$0.constraint.isValidated } ?? []
    let mended = carry.references.map { $0.fill(id: "reference-mend", target: step.parameters.chunk) }
    // A partitioned table has no statistics of its own before it is analyzed.
    let operations = Refill.operations(carry.before) + mended + incoming.map(Validation.operation)
      + [ConcurrentIndexBuild.analyze(source)]
    return Program(operations: operations, carry: try carry.json)
  }
}

import OnlineDDL
import PluginAPI

/// Partitions that were detached since the cutover and still carry a trigger of ours, which needs a function that goes.
enum Strays {
  static func operations(of log: KeyLog, beside table: QualifiedName, _ facts: any Facts) async throws -> [Operation] {
    try await facts.rows(log.strays(beside: table)).enumerated().map { number, row in
      let stray = QualifiedName(try row.string("schema"), try row.string("name"))
      return .transaction(
        id: "stray-\(number + 1)", title: "let \(stray) go, which is no partition of \(table) any more",
        [TransactionStatement(log.letGo(stray))], locks: [RelationLock(.accessExclusive, stray)], undo: .nothing)
    }
  }
}

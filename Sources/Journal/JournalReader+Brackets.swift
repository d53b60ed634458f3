import JSONText
import RunModel

extension JournalReader {
  /// Brackets that may be open: step, title and what a person types to close each.
  package func openBrackets(run: String) async throws -> [(step: String, title: String, close: [String])] {
    try await tasks(run: run).filter { $0.kind == "bracket" && ($0.state == .intent || $0.state == .inDoubt) }.map { task in
      let close = task.intent?["close"]?.array?.compactMap { $0.string } ?? []
      return (task.step, task.title ?? task.operation, close)
    }
  }
}

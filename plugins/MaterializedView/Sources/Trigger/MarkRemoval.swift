import PluginAPI

/// Everything of one view's marks goes, wherever it is by now.
struct MarkRemoval {
  let view: QualifiedName

  func program(_ facts: any Facts) async throws -> Program {
    let trigger = MarkTrigger(view: view)
    let marked = try await facts.rows(
      """
      SELECT n.nspname AS schema, c.relname AS name FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE t.tgname = \(trigger.trigger) AND t.tgfoid = to_regproc(\(trigger.function.quoted)) ORDER BY 1, 2
      """)
    let drops = try marked.map { trigger.drop(from: QualifiedName(try $0.string("schema"), try $0.string("name"))) }
    return Program(operations: drops + [forget(trigger)])
  }

  private func forget(_ trigger: MarkTrigger) -> Operation {
    let key = ChangeMarks.key(view)
    return .transaction(
      id: "forget", title: "forget the marks of \(view)",
      ([
        "DROP FUNCTION IF EXISTS \(id: trigger.function)()",
        "DELETE FROM \(id: ChangeMarks.table) WHERE view = \(literal: key)",
        "DELETE FROM \(id: StalenessStore.watch) WHERE view = \(literal: key)",
        "DELETE FROM \(id: MatviewRegister.table) WHERE view = \(literal: key) AND query IS NULL",
        StalenessStore.dropUnused,
      ] as [SQL]).map { TransactionStatement($0) },
      unless: "SELECT to_regclass(\(literal: StalenessStore.watch.quoted)) IS NULL", undo: .nothing)
  }
}

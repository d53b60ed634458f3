import PluginAPI

/// PostgreSQL keeps samples of values for its planner, originals among them, until a table is analysed again.
struct PlannerSamples {
  let tables: [QualifiedName]

  var forget: Operation {
    .transaction(
      id: "samples", title: "take new samples for the planner: the old ones have values in them",
      tables.map { TransactionStatement("ANALYZE \(id: $0)") },
      locks: tables.map { RelationLock(.shareUpdateExclusive, $0) }, undo: .nothing)
  }
}

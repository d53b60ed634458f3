@testable import PartitionSwap
import PluginAPI
import PostgresClient
import TestSupport
import Testing

/// Everything the catalog says about the user's relations, as text that two moments can be compared by.
func catalog() async throws -> String {
  try await TestDatabase.current.sql(
    """
    WITH mine AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'caisson'))
    SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
      SELECT format('%s %s %s %s %s %s %s %s %s', c.relkind, c.oid::regclass, pg_get_expr(c.relpartbound, c.oid), c.relacl,
        pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relreplident) AS line FROM mine c
      UNION ALL SELECT format('constraint %s %s %s %s', k.conname, c.oid::regclass, pg_get_constraintdef(k.oid), k.convalidated)
        FROM pg_constraint k JOIN mine c ON c.oid = k.conrelid
      UNION ALL SELECT format('index %s %s', pg_get_indexdef(i.indexrelid), i.indisvalid) FROM pg_index i JOIN mine c ON c.oid = i.indrelid
      UNION ALL SELECT format('trigger %s %s', pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t JOIN mine c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal
      UNION ALL SELECT format('inherits %s %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
      UNION ALL SELECT format('policy %s %s %s', p.polname, p.polrelid::regclass, pg_get_expr(p.polqual, p.polrelid)) FROM pg_policy p
    ) AS lines
    """).value ?? ""
}

func harness(_ step: String, more: String = "", environment: String = "") throws -> EngineHarness {
  try EngineHarness("  s: { \(more)\(step) }", registry: StepRegistry([PartitionSwapPlugin.self]), environment: environment)
}

extension EngineHarness {
  func applied(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let ending = try await runner().apply().ending
    guard case .succeeded = ending else {
      Issue.record("\(ending)\n\(events.text.suffix(1500))", sourceLocation: sourceLocation)
      return
    }
    #expect(try await flaws().isEmpty, sourceLocation: sourceLocation)
  }

  func rolledBack(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let ending = try await runner().rollback().ending
    guard case .rolledBack = ending else {
      Issue.record("\(ending)\n\(events.text.suffix(1500))", sourceLocation: sourceLocation)
      return
    }
  }
}

func value(_ query: SQL) async throws -> String? { try await TestDatabase.current.sql(query).value }

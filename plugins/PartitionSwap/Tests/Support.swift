@testable import PartitionSwap
import PluginAPI
import TestSupport
import Testing

func catalog() async throws -> String { try await CatalogText.read() }

func harness(_ step: String, more: String = "", environment: String = "") throws -> EngineHarness {
  try EngineHarness("  s: { \(more)\(step) }", registry: StepRegistry([PartitionSwapPlugin.self]), environment: environment)
}

func value(_ query: SQL) async throws -> String? { try await TestDatabase.current.sql(query).value }

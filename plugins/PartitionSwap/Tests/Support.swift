@testable import PartitionSwap
import PluginAPI
import TestSupport
import Testing

func catalog() async throws -> String { try await CatalogText.read() }

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

import Engine
import PluginAPI
import PostgresClient
import SQLText
import TestSupport
import Testing

extension SwapTrial {
  /// Runs until an operation whose title begins so is done, and stops there.
  func apply(untilDone title: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let stop = StopSignal()
    let ending = try await harness.runner(stop: stop) { event in
      if case .operationDone(_, let done, _) = event, done.hasPrefix(title) { stop.request() }
    }.apply().ending
    if case .interrupted = ending {} else { Issue.record("\(ending)", sourceLocation: sourceLocation) }
  }

  /// Runs until rows are being copied, and stops with some of them missing.
  func applyUntilCopying(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let stop = StopSignal()
    let ending = try await harness.runner(stop: stop) { event in
      if case .progress = event { stop.request() }
    }.apply().ending
    if case .interrupted = ending {} else { Issue.record("\(ending)", sourceLocation: sourceLocation) }
  }

  /// What stopped it, in words.
  func failure(sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
    let ending = try await harness.runner().apply().ending
    if case .failed(let errors) = ending {
      return errors.map { "\($0.message) \($0.hint ?? "")" }.joined(separator: "\n")
    }
    return "\(ending)"
  }
}

/// A session that has something open.
func withSession(_ script: String, _ body: (Connection) async throws -> Void) async throws {
  let session = try await TestDatabase.current.connect()
  do {
    _ = try await session.script(script)
    try await body(session)
  } catch {
    await session.close()
    throw error
  }
  await session.close()
}

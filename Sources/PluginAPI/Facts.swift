public import Catalog

/// Everything a compiling step may look at. Read-only: the engine backs it with one READ ONLY transaction that ends
/// before the first operation runs.
public protocol Facts: CatalogSource {
  /// The text of a file under the plan's folder.
  func file(_ path: String) async throws -> String
  /// Standard output of a program that only looks.
  func program(_ arguments: [String]) async throws -> String
}

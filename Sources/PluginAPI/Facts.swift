public import Catalog
public import PlanSchema
public import SQLText

/// Everything a compiling step may look at. Read-only: the engine backs it with one READ ONLY transaction that ends
/// before the first operation runs.
public protocol Facts: CatalogSource {
  /// The text of a file under the plan's folder.
  func file(_ path: String) async throws -> String
  /// Standard output of a program that only looks. `caisson` as its first word is this very program.
  func program(_ arguments: [String]) async throws -> String
  /// What a `SHOW` command says on a pooler's admin console, by column.
  func admin(_ show: String, on console: Secret) async throws -> [Row]
}

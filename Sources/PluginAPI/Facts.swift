public import Catalog
public import PlanSchema
public import SQLText

/// Everything a compiling step may look at. Read-only: the engine backs it with one READ ONLY transaction that ends
/// before the first operation runs.
public protocol Facts: CatalogSource {
  /// The text of a file under the plan's folder.
  func file(_ path: String) async throws -> String
  /// Texts by name of the files in a folder that steps keep records in, below the plan's folder or anywhere on this host,
  /// whose names end so: all of them, or an error.
  func records(in folder: String, ending suffix: String) async throws -> [String: String]
  /// Standard output of a program that only looks. `caisson` as its first word is this very program.
  func program(_ arguments: [String]) async throws -> String
  /// What a `SHOW` command says on a pooler's admin console, by column.
  func admin(_ show: String, on console: Secret) async throws -> [Row]
}

extension Facts {
  public func records(in folder: String, ending suffix: String) async throws -> [String: String] {
    throw RecordsUnavailable()
  }
}

/// Facts that know no files.
struct RecordsUnavailable: Error, CustomStringConvertible {
  var description: String { "records cannot be read here" }
}

public import SQLText

/// Read-only access to one database's catalog, as of one snapshot.
public protocol CatalogSource: Sendable {
  /// Runs a read-only query; anything that writes is refused by the server.
  func rows(_ query: SQL) async throws -> [Row]

  /// The same for a text that comes again and again with other values: where it can be, it is planned once a session.
  func repeatedRows(_ query: SQL) async throws -> [Row]

  /// What this server can do, filled once per connection.
  var capabilities: Capabilities { get }

  /// Tells whoever listens that the answer depends on this relation: `plan` tells an exact phase from a predicted one by it.
  func consulted(_ relation: QualifiedName) async
}

extension CatalogSource {
  public func repeatedRows(_ query: SQL) async throws -> [Row] { try await rows(query) }

  public func consulted(_ relation: QualifiedName) async {}
}

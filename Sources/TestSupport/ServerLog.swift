import Sandbox

/// A test server's log file; its lines begin with `@@ database @ pid @ `.
package struct ServerLog: Sendable {
  let path: String

  /// Everything logged so far.
  package var text: String { ServerFiles.read(path) ?? "" }

  /// Statements in the order they were logged, whether they came in the simple or the extended protocol.
  package func statements(database: String) -> [String] {
    entries(database: database).compactMap { entry in
      guard let match = entry.prefixMatch(of: #/LOG:  (?:statement|execute [^:]+): /#) else { return nil }
      return String(entry[match.range.upperBound...])
    }
  }

  /// Messages of one database, continuation lines joined.
  package func entries(database: String) -> [String] {
    var entries: [String] = []
    var wanted = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("@@ ") {
        wanted = line.hasPrefix("@@ \(database) @ ")
        let parts = line.split(separator: "@ ", maxSplits: 3, omittingEmptySubsequences: false)
        if wanted, parts.count == 4 { entries.append(String(parts[3])) }
      } else if wanted, line.hasPrefix("\t"), !entries.isEmpty {
        entries[entries.count - 1] += "\n" + line.dropFirst()
      }
    }
    return entries
  }
}

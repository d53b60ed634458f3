import CPgQuery
import JSONText

#if canImport(Glibc)
  import Glibc
#endif

/// PostgreSQL's own grammar (version 15, libpg_query), without a server. Every function may be called from any thread.
public enum SQLParser {
  /// The statements of a text in their order; empty statements are left out.
  public static func parse(_ text: String) throws(SQLParseError) -> [ParsedStatement] {
    guard !text.utf8.contains(0) else { throw SQLParseError(message: "a NUL byte is not allowed in SQL", at: .start) }
    let statements = try tree(text).list("stmts")
    var text = text
    return text.withUTF8 { bytes in
      var places = SourceReader(bytes: bytes)
      return statements.compactMap { ParsedStatement($0, &places) }
    }
  }

  /// The only statement of a text.
  public static func parseOne(_ text: String) throws(SQLParseError) -> ParsedStatement {
    let statements = try parse(text)
    guard let first = statements.first else { throw SQLParseError(message: "a statement is expected", at: .start) }
    if statements.count > 1 {
      throw SQLParseError(message: "one statement is expected, a second one begins here", at: statements[1].position)
    }
    return first
  }

  /// A hash that is equal for statements that differ in constants, white space and comments only; `nil` if unreadable.
  public static func fingerprint(_ text: String) -> String? {
    let result = pg_query_fingerprint(text)
    defer { pg_query_free_fingerprint_result(result) }
    guard result.error == nil, let hash = result.fingerprint_str else { return nil }
    return String(cString: hash)
  }

  /// The text with its constants replaced by `$1`, `$2`, …: safe to show where values are personal data.
  public static func normalized(_ text: String) -> String? {
    let result = pg_query_normalize(text)
    defer { pg_query_free_normalize_result(result) }
    guard result.error == nil, let query = result.normalized_query else { return nil }
    return String(cString: query)
  }

  private static func tree(_ text: String) throws(SQLParseError) -> JSON {
    let result = pg_query_parse(text)
    defer { pg_query_free_parse_result(result) }
    if let error = result.error {
      let message = error.pointee.message.map { String(cString: $0) } ?? "cannot be parsed"
      throw SQLParseError(message: message, at: .character(Int(error.pointee.cursorpos) - 1, of: text))
    }
    guard let output = result.parse_tree else { throw SQLParseError(message: "no parse tree", at: .start) }
    let length = strlen(output)
    do throws(JSONError) {
      return try output.withMemoryRebound(to: UInt8.self, capacity: length) { bytes throws(JSONError) in
        try JSON(parsing: UnsafeBufferPointer(start: bytes, count: length))
      }
    } catch {
      throw SQLParseError(message: "the parse tree cannot be read: \(error.message)", at: .start)
    }
  }
}

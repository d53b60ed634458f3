import CPostgres
import Glibc

/// A libpq connection string: URI, keyword string or `service=name`. It may bear a password and never shows it.
package struct ConnectionString: Sendable, Hashable {
  /// The string with its secrets: for libpq and for the environment of a child process, never for a person.
  package let secret: String

  package init(_ text: String) { secret = text }

  /// What the string itself says; `nil` when it cannot be parsed. Passwords are included.
  var parameters: [String: String]? {
    var problem: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(secret, &problem) else {
      PQfreemem(problem)
      return nil
    }
    defer { PQconninfoFree(options) }
    return ConnectionString.dictionary(options)
  }

  /// A parameter of the string that is not a secret.
  package func parameter(_ keyword: String) -> String? {
    ConnectionString.secretKeywords.contains(keyword) ? nil : parameters?[keyword]
  }

  /// The variables that lead a program of PostgreSQL's to the same place. Secrets are among them: a process's environment
  /// is read by its owner only, its arguments by everybody.
  package var variables: [String: String] {
    var problem: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(secret, &problem) else {
      PQfreemem(problem)
      return [:]
    }
    defer { PQconninfoFree(options) }
    var found: [String: String] = [:]
    var next = options
    while next.pointee.keyword != nil {
      if let name = next.pointee.envvar, let value = next.pointee.val { found[String(cString: name)] = String(cString: value) }
      next += 1
    }
    return found
  }

  /// The same place under another database name.
  package func database(_ name: String) -> ConnectionString {
    guard var all = parameters else { return self }
    all["dbname"] = name
    return ConnectionString(all.sorted { $0.key < $1.key }.map { "\($0)=\(ConnectionString.quoted($1))" }.joined(separator: " "))
  }

  /// `postgresql://user@host:port/database`, only these four; what the string leaves to libpq stays out.
  package var redacted: String {
    guard syntaxError == nil, let all = parameters else { return "(unreadable connection string)" }
    if let service = all["service"] { return "service=\(service)" }
    let host = all["host"] ?? all["hostaddr"] ?? ""
    let socket = host.hasPrefix("/")
    let user = all["user"].map { $0 + "@" } ?? ""
    let port = all["port"].map { ":" + $0 } ?? ""
    return "postgresql://\(user)\(socket ? "[\(host)]" : host)\(port)/\(all["dbname"] ?? "")"
  }

  static let secretKeywords: Set<String> = ["password", "sslpassword"]

  static func dictionary(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
    var found: [String: String] = [:]
    var next = options
    while let keyword = next.pointee.keyword {
      if let value = next.pointee.val { found[String(cString: keyword)] = String(cString: value) }
      next += 1
    }
    return found
  }

  /// A value as a keyword string writes it (documentation section 34.1.1.1).
  static func quoted(_ value: String) -> String {
    var out = "'"
    for character in value.unicodeScalars {
      if character == "'" || character == "\\" { out += "\\" }
      out.unicodeScalars.append(character)
    }
    return out + "'"
  }
}

extension ConnectionString: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { redacted }
  package var debugDescription: String { redacted }
  package var customMirror: Mirror { Mirror(self, children: ["redacted": redacted]) }
}

extension ConnectionString {
  /// Keywords and values for PQconnectdbParams: defaults before the string, which then wins, overrides after it.
  func arguments(_ settings: ConnectionSettings) -> [(String, String)] {
    let defaults: [(String, String)] = [
      ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
      ("fallback_application_name", "caisson"),
    ]
    // A service file only fills what nobody set, so a default of ours would beat it.
    let served = parameters?["service"] != nil || getenv("PGSERVICE") != nil
    var list = (served ? [] : defaults) + [("dbname", secret), ("client_encoding", "UTF8")]
    if let name = settings.applicationName { list.append(("application_name", name)) }
    return list + settings.overrides.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Why libpq cannot read the string. Its message quotes pieces of the string, which may be pieces of a password.
  var syntaxError: PostgresError? {
    var problem: UnsafeMutablePointer<CChar>?
    if let options = PQconninfoParse(secret, &problem) {
      PQconninfoFree(options)
      return misplaced
    }
    defer { PQfreemem(problem) }
    let text = problem.map { String(cString: $0) } ?? "out of memory"
    let pieces = text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
    let masked = pieces.map { $0.offset.isMultiple(of: 2) ? String($0.element) : "…" }.joined(separator: "\"")
    let line = masked.split(separator: "\n").first.map(String.init) ?? masked
    return PostgresError(
      .connection, "the connection string cannot be read: \(line)",
      hint: "write a URI (special characters as %40 and so on), key='value' pairs, or service=name")
  }

  /// A password with an unescaped `@` or `/` spills into host, port or database, from where errors would show it.
  private var misplaced: PostgresError? {
    guard let all = parameters, secret.contains("://") else { return nil }
    let port = all["port"] ?? "", spilled = [all["host"], all["dbname"]].contains { $0?.contains("@") ?? false }
    guard spilled || !port.allSatisfy({ $0.isNumber || $0 == "," }) else { return nil }
    return PostgresError(
      .connection, "the connection string cannot be read: no valid host, port and database after the password",
      hint: "write @ in a password as %40, / as %2F, : as %3A, or use key='value' pairs")
  }

  /// `text` without any secret of the string or of the environment.
  func scrubbed(_ text: String) -> String {
    var secrets = ConnectionString.secretKeywords.compactMap { parameters?[$0] }
    if let word = getenv("PGPASSWORD") { secrets.append(String(cString: word)) }
    return (secrets + [secret]).filter { !$0.isEmpty }.reduce(text) { $0.replacing($1, with: "***") }
  }
}

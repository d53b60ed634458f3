import SQLText
import Synchronization

/// Values that statements bind by reference: put in just before they are sent, and taken out of whatever the server
/// answers with.
final class SessionSecrets: Sendable {
  private let lookup: ConnectionSettings.SecretLookup?
  private let sent = Mutex<[String: String]>([:])

  init(_ lookup: ConnectionSettings.SecretLookup?) { self.lookup = lookup }

  /// The statement as it is sent.
  func resolved(_ sql: SQL) throws(PostgresError) -> SQL {
    guard !sql.secretReferences.isEmpty else { return sql }
    let whole = try sql.resolving { reference throws(PostgresError) in
      guard let lookup else {
        throw PostgresError(.server, "\(reference) cannot be bound here: the connection has no secrets")
      }
      return try lookup(reference).get()
    }
    sent.withLock { sent in
      for (reference, value) in whole.resolvedSecrets { sent[value] = reference }
    }
    return whole
  }

  /// A text of the server's without the values it was sent: the reference stands in the place of each.
  func masked(_ text: String) -> String {
    let sent = sent.withLock { $0 }
    guard !sent.isEmpty else { return text }
    // The longest first: one may be part of another.
    return sent.sorted { $0.key.count > $1.key.count }.reduce(text) { Self.replacing($1.key, by: $1.value, in: $0) }
  }

  func masked(_ error: PostgresError) -> PostgresError {
    var masked = error
    masked.message = self.masked(error.message)
    masked.detail = error.detail.map(self.masked)
    masked.hint = error.hint.map(self.masked)
    return masked
  }

  /// A short value only where it stands alone: `7` is no part of `17`.
  private static func replacing(_ value: String, by reference: String, in text: String) -> String {
    guard !value.isEmpty, text.contains(value) else { return text }
    var out = "", rest = text[...]
    while let range = rest.firstRange(of: value) {
      let before = rest[..<range.lowerBound].last ?? out.last, after = rest[range.upperBound...].first
      let isWord = isWordlike(before) && isWordlike(value.first) || isWordlike(after) && isWordlike(value.last)
      out += rest[..<range.lowerBound]
      out += isWord && value.count < 8 ? value : reference
      rest = rest[range.upperBound...]
    }
    return out + rest
  }

  private static func isWordlike(_ character: Character?) -> Bool {
    character.map { $0.isLetter || $0.isNumber } ?? false
  }
}

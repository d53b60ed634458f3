internal import FoundationEssentials

/// Keys and signatures as text.
extension Ed25519.PublicKey: CustomStringConvertible {
  private static let prefix = "ed25519:"

  /// `ed25519:BASE64`, as `trust` lists it.
  package var description: String { Self.prefix + Base64.text(bytes) }

  /// `nil`: not such a text.
  package init?(parsing text: String) {
    guard text.hasPrefix(Self.prefix), let bytes = Base64.bytes(String(text.dropFirst(Self.prefix.count))) else {
      return nil
    }
    self.init(bytes: bytes)
  }
}

extension Ed25519.PrivateKey {
  private static let prefix = "ed25519-private:"

  /// What a key file holds: for that file only.
  package var secretText: String { Self.prefix + Base64.text(bytes) }

  /// `nil`: not such a text. White space around it is no part of it.
  package init?(parsing text: String) {
    let word = String(text.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
    guard text.split(whereSeparator: \.isWhitespace).count == 1, word.hasPrefix(Self.prefix),
      let bytes = Base64.bytes(String(word.dropFirst(Self.prefix.count)))
    else { return nil }
    self.init(bytes: bytes)
  }
}

/// Bytes as text (RFC 4648).
package enum Base64 {
  package static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
  /// `nil`: not Base64.
  package static func bytes(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map(Array.init) }
}

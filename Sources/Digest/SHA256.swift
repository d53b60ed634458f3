internal import CCrypto

/// SHA-256 of bytes held in memory.
package enum SHA256 {
  package static func digest(of bytes: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    _ = CCrypto.SHA256(bytes, bytes.count, &out)
    return out
  }

  package static func digest(of text: String) -> [UInt8] { digest(of: Array(text.utf8)) }

  package static func hex(of bytes: [UInt8]) -> String { Hexadecimal.text(digest(of: bytes)) }

  package static func hex(of text: String) -> String { hex(of: Array(text.utf8)) }
}

/// SHA-256 of bytes that arrive piece by piece: a file while it is being written.
package struct RunningSHA256: ~Copyable {
  private let context: OpaquePointer

  package init() throws(DigestError) {
    guard let context = EVP_MD_CTX_new() else { throw DigestError("no memory for a digest") }
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      EVP_MD_CTX_free(context)
      throw DigestError("SHA-256 is not available in libcrypto")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) throws(DigestError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw DigestError("digest failed") }
  }

  package mutating func update(_ bytes: [UInt8]) throws(DigestError) {
    guard EVP_DigestUpdate(context, bytes, bytes.count) == 1 else { throw DigestError("digest failed") }
  }

  package consuming func digest() throws(DigestError) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    guard EVP_DigestFinal_ex(context, &out, nil) == 1 else { throw DigestError("digest failed") }
    return out
  }
}

internal import CCrypto

/// Keyed digests (RFC 2104) over SHA-256.
package enum HMACSHA256 {
  package static func code(for message: [UInt8], key: [UInt8]) throws(DigestError) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    // A key of no bytes must still be a pointer: NULL means "keep the previous key" to libcrypto.
    let pointed = key.isEmpty ? [0] : key
    guard HMAC(EVP_sha256(), pointed, Int32(key.count), message, message.count, &out, nil) != nil else {
      throw DigestError("HMAC failed")
    }
    return out
  }
}

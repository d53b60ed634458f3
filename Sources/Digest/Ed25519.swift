internal import CCrypto

/// Ed25519 signatures (RFC 8032); keys are their raw 32 bytes.
package enum Ed25519 {
  /// The secret half. It never describes itself.
  package struct PrivateKey: Sendable, CustomStringConvertible {
    package let bytes: [UInt8]
    package var description: String { "***" }

    /// `nil`: not 32 bytes.
    package init?(bytes: [UInt8]) {
      guard bytes.count == 32 else { return nil }
      self.bytes = bytes
    }

    /// A new key from the system's random source.
    package static func generate() throws(DigestError) -> PrivateKey {
      var seed = [UInt8](repeating: 0, count: 32)
      guard RAND_bytes(&seed, 32) == 1, let key = PrivateKey(bytes: seed) else {
        throw DigestError("no random bytes from libcrypto")
      }
      return key
    }

    package func publicKey() throws(DigestError) -> PublicKey {
      let key = try Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, bytes, 32))
      var out = [UInt8](repeating: 0, count: 32)
      var length = 32
      guard EVP_PKEY_get_raw_public_key(key.pointer, &out, &length) == 1, let key = PublicKey(bytes: out) else {
        throw DigestError("the public key cannot be derived")
      }
      return key
    }

    package func signature(of message: [UInt8]) throws(DigestError) -> [UInt8] {
      let key = try Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, bytes, 32))
      let context = try Context()
      var out = [UInt8](repeating: 0, count: 64)
      var length = 64
      guard EVP_DigestSignInit(context.pointer, nil, nil, nil, key.pointer) == 1,
        EVP_DigestSign(context.pointer, &out, &length, message, message.count) == 1, length == 64
      else { throw DigestError("signing failed") }
      return out
    }
  }

  /// The half that verifies.
  package struct PublicKey: Sendable, Hashable {
    package let bytes: [UInt8]

    /// `nil`: not 32 bytes.
    package init?(bytes: [UInt8]) {
      guard bytes.count == 32 else { return nil }
      self.bytes = bytes
    }

    /// Whether `signature` was made over exactly `message` by this key's private half.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
      guard signature.count == 64,
        let key = try? Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, 32)),
        let context = try? Context(),
        EVP_DigestVerifyInit(context.pointer, nil, nil, nil, key.pointer) == 1
      else { return false }
      return EVP_DigestVerify(context.pointer, signature, signature.count, message, message.count) == 1
    }
  }

  private final class Key {
    let pointer: OpaquePointer
    init(_ pointer: OpaquePointer?) throws(DigestError) {
      guard let pointer else { throw DigestError("libcrypto refuses the Ed25519 key") }
      self.pointer = pointer
    }
    deinit { EVP_PKEY_free(pointer) }
  }

  private final class Context {
    let pointer: OpaquePointer
    init() throws(DigestError) {
      guard let pointer = EVP_MD_CTX_new() else { throw DigestError("no memory for a signature") }
      self.pointer = pointer
    }
    deinit { EVP_MD_CTX_free(pointer) }
  }
}

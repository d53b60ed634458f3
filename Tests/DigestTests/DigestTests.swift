import Testing

@testable import Digest

@Suite struct DigestTests {
  @Test("SHA-256 gives the values of FIPS 180-4", arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func sha256(_ text: String, _ expected: String) {
    #expect(SHA256.hex(of: text) == expected)
  }

  @Test("bytes that arrive in pieces give the digest of the whole")
  func running() throws {
    var running = try RunningSHA256()
    for piece in ["ab", "", "c"] { try running.update(Array(piece.utf8)) }
    #expect(try running.digest() == SHA256.digest(of: "abc"))
  }

  @Test("HMAC gives the values of RFC 4231")
  func hmac() throws {
    let code = try HMACSHA256.code(for: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
    #expect(Hexadecimal.text(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let long = try HMACSHA256.code(for: Array("Hi There".utf8), key: [UInt8](repeating: 0x0B, count: 20))
    #expect(Hexadecimal.text(long) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
  }

  @Test("HMAC with an empty key does not reuse another key")
  func emptyKey() throws {
    _ = try HMACSHA256.code(for: [1], key: [9, 9])
    let code = try HMACSHA256.code(for: [], key: [])
    #expect(Hexadecimal.text(code) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test("Ed25519 signs as RFC 8032 test 2 does")
  func ed25519() throws {
    let seed = try #require(
      Hexadecimal.bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    let key = try #require(Ed25519.PrivateKey(bytes: seed))
    let signature = try key.signature(of: [0x72])
    #expect(
      Hexadecimal.text(try key.publicKey().bytes) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    #expect(
      Hexadecimal.text(signature)
        == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
  }

  @Test("a signature holds for its message and its key only")
  func verification() throws {
    let key = try Ed25519.PrivateKey.generate()
    let other = try Ed25519.PrivateKey.generate()
    let message = Array("release".utf8)
    var signature = try key.signature(of: message)
    #expect(try key.publicKey().verifies(signature, of: message))
    #expect(try !key.publicKey().verifies(signature, of: message + [0]))
    #expect(try !other.publicKey().verifies(signature, of: message))
    #expect(try !key.publicKey().verifies([], of: message))
    signature[10] ^= 1
    #expect(try !key.publicKey().verifies(signature, of: message))
  }

  @Test("a private key does not print itself")
  func redaction() throws {
    let key = try #require(Ed25519.PrivateKey(bytes: [UInt8](repeating: 7, count: 32)))
    #expect("\(key)" == "***")
    #expect(Ed25519.PrivateKey(bytes: [7]) == nil)
  }

  @Test("hexadecimal digits are read in both cases, and nothing else is", arguments: [
    ("00ff", [UInt8(0), 255] as [UInt8]?), ("00FF", [0, 255]), ("", []), ("0", nil), ("0g", nil), ("é", nil),
  ])
  func hexadecimal(_ text: String, _ bytes: [UInt8]?) {
    #expect(Hexadecimal.bytes(text) == bytes)
  }
}

import CommandLineKit
import Digest
import JSONText

/// `caisson evidence keygen|export|verify|show`
enum EvidenceGroup {
  static let spec = CommandSpec(
    "evidence", summary: "prove to one environment what another has run", section: Section.keep)

  static let out = OptionSpec.value("out", "FILE", .file, "write there; a file that exists is never replaced")
}

/// `caisson evidence keygen [--out FILE]`
struct EvidenceKeygenCommand: Command {
  private static let usual = "caisson-evidence.key"

  static let spec = CommandSpec(
    "keygen", summary: "make a key that signs evidence",
    discussion: """
      Writes the private key to a file that only its owner can read, \(usual) unless --out names another, and prints the
      public one. The environment that proves names the file as signing_key: ${file:…}; the one that requires the proof
      lists the public key under requires.trust.
      """,
    options: [EvidenceGroup.out, .output],
    examples: [
      CommandExample("caisson evidence keygen --out staging.key", "then: signing_key: ${file:staging.key}")
    ])

  private let path: String

  init(_ parsed: ParsedCommand) { path = parsed.value(EvidenceGroup.out) ?? Self.usual }

  func run(_ console: Console) throws -> ExitCode {
    let key = try Ed25519.PrivateKey.generate()
    try NewFile.write(key.secretText + "\n", to: path, mode: 0o600)
    let publicKey = try key.publicKey().description
    guard console.format == .text else {
      console.print(["file": .string(path), "public_key": .string(publicKey)])
      return .done
    }
    console.print(publicKey)
    console.note("the private key is in \(path): signing_key: ${file:\(path)} where it proves, the line above under "
      + "requires.trust where it is believed")
    return .done
  }
}

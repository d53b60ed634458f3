/// `${private:name}`: the value that a command was given for a private variable, by the token that stands for it.
///
/// The token tells one value from another and says nothing about either to whoever has not its key: two runs for two
/// subjects differ in it, and a resumed run knows whether it was given the same value again.
public struct PrivateReference: Sendable, Hashable, CustomStringConvertible {
  public var name: String
  /// `nil`: the command was given no value.
  public var token: String?

  public init(_ name: String, token: String? = nil) {
    self.name = name
    self.token = token
  }

  /// `name`, or `name#token`: what stands behind `private:`.
  init?(parsing text: Substring) {
    let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let name = parts.first, ReferenceText.isSimpleName(name) else { return nil }
    let token = parts.count == 2 ? parts[1] : nil
    guard token.map({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isDigit) }) ?? true else { return nil }
    self.init(name, token: token)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }

  /// As a plan's text refers to it.
  public var description: String { "${private:\(name)\(token.map { "#\($0)" } ?? "")}" }
}

/// What a command was given for a plan's private variables. Never coded and never printed.
package struct PrivateValues: Sendable {
  private var known: [PrivateReference: SecretText] = [:]

  package init() {}

  package mutating func set(_ value: SecretText, for reference: PrivateReference) { known[reference] = value }

  package var isEmpty: Bool { known.isEmpty }

  /// The value whose token the reference holds, and no other.
  package func value(of reference: PrivateReference) throws(SecretUnavailable) -> String {
    if let value = known[reference] { return value.revealed }
    let other = known.keys.contains { $0.name == reference.name }
    throw SecretUnavailable(
      reference: "${\(reference.name)}",
      reason: other ? "this command was given another value" : "this command was given no value: --var \(reference.name)=…")
  }
}

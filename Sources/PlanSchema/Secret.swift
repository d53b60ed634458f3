public import JSONText
public import YAMLTree

/// Text that may hold `${env:NAME}`, `${file:path}` and private variables: kept as references, resolved only where it is
/// used.
public struct Secret: ParameterValue, Hashable, CustomStringConvertible {
  public enum Segment: Sendable, Hashable {
    case text(String)
    case environment(String)
    case file(String)
    case privateVariable(PrivateReference)
  }

  public var segments: [Segment]

  public init(_ segments: [Segment]) { self.segments = segments }

  /// The references, never what they stand for.
  public var description: String {
    ReferenceText(
      segments.map {
        switch $0 {
        case .text(let text): .text(text)
        case .environment(let name): .environment(name)
        case .file(let path): .file(path)
        case .privateVariable(let reference): .privateVariable(reference)
        }
      }
    ).source
  }

  /// The text itself when it refers to nothing.
  public var plainText: String? {
    var out = ""
    for segment in segments {
      guard case .text(let text) = segment else { return nil }
      out += text
    }
    return out
  }

  public static var shape: Shape { .named("secret") }

  public static func read(_ node: Node, _ report: inout Diagnostics) -> Secret? {
    switch node.resolved {
    case .text, .integer, .float: break
    default:
      report.unexpected(node, wanted: "text or a reference to a secret")
      return nil
    }
    guard let parts = report.references(in: node) else { return nil }
    var segments: [Segment] = []
    for part in parts {
      switch part {
      case .text(let text): segments.append(.text(text))
      case .environment(let name):
        report.mention(.environmentVariable(name), at: node.range)
        segments.append(.environment(name))
      case .file(let path):
        report.mention(.secretFile(path), at: node.range)
        segments.append(.file(path))
      case .privateVariable(let reference):
        report.mention(.privateVariable(reference), at: node.range)
        segments.append(.privateVariable(reference))
      case .variable(let name):
        report.error("reference.unresolved", "`${\(name)}` has no value here", at: node.range)
        return nil
      }
    }
    return Secret(segments)
  }

  public var json: JSON { .string(description) }
}

/// A resolved secret: whatever prints it prints stars.
public struct SecretText: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The secret itself: only for the call that needs it.
  public let revealed: String

  public init(_ revealed: String) { self.revealed = revealed }

  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a reference to a secret cannot be resolved; never holds the secret.
public struct SecretUnavailable: Error, Sendable, Hashable, CustomStringConvertible {
  public let reference: String
  public let reason: String
  public var description: String { "\(reference): \(reason)" }

  package init(reference: String, reason: String) {
    self.reference = reference
    self.reason = reason
  }
}

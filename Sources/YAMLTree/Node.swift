/// One value of a YAML document, with the place it was written at.
public struct Node: Sendable {
  public enum Kind: Sendable {
    case scalar(String, Style)
    case sequence([Node])
    case mapping([Pair])
  }

  public enum Style: Sendable, Hashable {
    case plain, singleQuoted, doubleQuoted, literal, folded
  }

  /// A key with its value, in the order of the text.
  public struct Pair: Sendable {
    public var key: Node
    public var value: Node

    public init(key: Node, value: Node) {
      self.key = key
      self.value = value
    }
  }

  public var kind: Kind
  /// The tag as written (`!!str` in full); `nil` when there is none.
  public var tag: String?
  public var range: SourceRange

  public init(_ kind: Kind, tag: String? = nil, range: SourceRange) {
    self.kind = kind
    self.tag = tag
    self.range = range
  }

  /// Stands for a value an error was already reported for: readers give up on it without a word.
  public static func erroneous(at range: SourceRange) -> Node {
    Node(.scalar("", .plain), tag: erroneousTag, range: range)
  }

  public var isErroneous: Bool { tag == Node.erroneousTag }

  private static let erroneousTag = "!erroneous"
}

extension Node {
  /// The text of a scalar exactly as the author meant it, before any resolution.
  public var text: String? { if case .scalar(let text, _) = kind { text } else { nil } }

  /// The nodes of a sequence.
  public var items: [Node]? { if case .sequence(let items) = kind { items } else { nil } }

  /// The pairs of a mapping.
  public var pairs: [Pair]? { if case .mapping(let pairs) = kind { pairs } else { nil } }

  /// The value under a key of a mapping.
  public subscript(key: String) -> Node? { pairs?.first { $0.key.text == key }?.value }

  /// The key node itself: where "unknown key" points.
  public func key(_ key: String) -> Node? { pairs?.first { $0.key.text == key }?.key }

  /// What a reader would call it.
  public var kindName: String {
    switch kind {
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar:
      switch resolved {
      case .null: "nothing"
      case .boolean: "a boolean"
      case .integer: "a whole number"
      case .float: "a number"
      default: "text"
      }
    }
  }
}

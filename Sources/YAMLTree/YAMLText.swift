/// A YAML document read from bytes: its tree, and everything wrong with it as YAML.
public struct YAMLText: Sendable {
  /// The file as it is called in messages.
  public let file: String
  /// The text itself, for snippets; malformed bytes are repaired in it.
  public let source: String
  /// `nil` when the text cannot be read to its end.
  public let root: Node?
  /// Problems in the order of the text. With a root, the rest of the tree can still be checked.
  public let problems: [YAMLProblem]

  /// Never traps and always ends, whatever the bytes.
  public init(_ bytes: [UInt8], file: String, limits: YAMLLimits = YAMLLimits()) {
    self.file = file
    if let problem = InputText.problem(in: bytes, file: file, limits: limits) {
      source = String(decoding: bytes.prefix(limits.bytes), as: UTF8.self)
      root = nil
      problems = [problem]
      return
    }
    source = String(decoding: bytes, as: UTF8.self)
    var builder = TreeBuilder(file: file, limits: limits)
    root = bytes.withUnsafeBufferPointer { EventStream.feed($0, to: &builder) }
    problems = builder.problems
  }

  public init(_ text: String, file: String, limits: YAMLLimits = YAMLLimits()) {
    self.init(Array(text.utf8), file: file, limits: limits)
  }
}

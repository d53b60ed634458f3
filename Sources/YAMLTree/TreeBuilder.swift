/// Turns events into nodes, within limits, noting what is wrong on the way.
struct TreeBuilder {
  let file: String
  let limits: YAMLLimits
  private(set) var problems: [YAMLProblem] = []
  private(set) var isStopped = false

  private var stack: [Frame] = []
  private var anchors: [String: Built] = [:]
  private var root: Node?
  private var documents = 0
  private var nodes = 0
  private var aliasedText = 0

  init(file: String, limits: YAMLLimits) {
    self.file = file
    self.limits = limits
  }

  /// A node and what repeating it costs.
  private struct Built {
    var node: Node
    var nodes = 1
    var text = 0
    var height = 1
  }

  private struct Frame {
    let isMapping: Bool
    let tag: String?
    let anchor: String?
    var range: SourceRange
    var items: [Node] = []
    var pairs: [Node.Pair] = []
    var key: Node?
    var keys: [String: SourceRange] = [:]
    var cost: Built
  }

  mutating func stop(_ problem: YAMLProblem) {
    problems.append(problem)
    isStopped = true
    root = nil
    stack = []
  }

  private mutating func report(
    _ code: String, _ message: String, at range: SourceRange, hint: String? = nil, related: SourceRange? = nil
  ) {
    problems.append(YAMLProblem(code, message, at: range, hint: hint, related: related))
    if problems.count >= limits.problems { isStopped = true }
  }

  mutating func startDocument(at range: SourceRange) {
    documents += 1
    guard documents > 1 else { return }
    stop(
      YAMLProblem(
        "yaml.several_documents", "a second document starts here", at: range,
        hint: "a file holds one document: remove the `---`"))
  }

  /// The whole tree; `nil` when there was none or reading stopped.
  mutating func finish() -> Node? {
    if documents == 0, !isStopped {
      stop(YAMLProblem("yaml.empty", "the file is empty", at: .beginning(of: file)))
    }
    return isStopped ? nil : root
  }
}

extension TreeBuilder {
  mutating func scalar(_ text: String, _ style: Node.Style, tag: String?, anchor: String?, at range: SourceRange) {
    guard admit(1, at: range) else { return }
    let node = checked(Node(.scalar(text, style), tag: tag, range: range))
    place(Built(node: node, text: text.utf8.count), anchor: anchor)
  }

  mutating func open(mapping: Bool, tag: String?, anchor: String?, at range: SourceRange) {
    guard admit(1, at: range) else { return }
    guard stack.count < limits.depth else { return tooDeep(at: range) }
    if let anchor { anchors[anchor] = nil }
    let shell = Node(mapping ? .mapping([]) : .sequence([]), tag: tag, range: range)
    stack.append(Frame(isMapping: mapping, tag: tag, anchor: anchor, range: range, cost: Built(node: shell)))
  }

  mutating func close(at range: SourceRange) {
    guard var frame = stack.popLast() else { return }
    // A block collection's end event stands where the next thing starts; its last value says where it ended.
    let last = frame.items.last?.range.end ?? frame.pairs.last?.value.range.end
    let isFlow = range.end.offset > range.start.offset
    frame.range.end = isFlow ? range.end : last.map { max($0, frame.range.end) } ?? range.end
    let kind: Node.Kind = frame.isMapping ? .mapping(frame.pairs) : .sequence(frame.items)
    frame.cost.node = checked(Node(kind, tag: frame.tag, range: frame.range))
    place(frame.cost, anchor: frame.anchor)
  }

  mutating func alias(_ name: String, at range: SourceRange) {
    if stack.contains(where: { $0.anchor == name }), anchors[name] == nil {
      report("yaml.recursive_alias", "`*\(name)` stands inside the value it repeats", at: range)
      return place(Built(node: .erroneous(at: range)), anchor: nil)
    }
    guard var built = anchors[name] else {
      report("yaml.unknown_alias", "no anchor `&\(name)` stands before `*\(name)`", at: range)
      return place(Built(node: .erroneous(at: range)), anchor: nil)
    }
    guard admit(built.nodes, at: range, repeating: name) else { return }
    aliasedText += built.text
    guard aliasedText <= limits.aliasedText else {
      return stop(
        YAMLProblem("yaml.aliases", "aliases repeat more than \(limits.aliasedText) bytes of text", at: range))
    }
    guard stack.count + built.height - 1 <= limits.depth else { return tooDeep(at: range) }
    built.node.range = range
    place(built, anchor: nil)
  }

  private mutating func tooDeep(at range: SourceRange) {
    stop(YAMLProblem("yaml.too_deep", "nested more than \(limits.depth) levels deep", at: range))
  }

  private mutating func admit(_ count: Int, at range: SourceRange, repeating name: String? = nil) -> Bool {
    nodes += count
    if nodes <= limits.nodes { return true }
    stop(
      name.map { YAMLProblem("yaml.aliases", "`*\($0)` makes more than \(limits.nodes) values of the file", at: range) }
        ?? YAMLProblem("yaml.too_many_nodes", "more than \(limits.nodes) values", at: range))
    return false
  }

  private mutating func checked(_ node: Node) -> Node {
    guard let tag = node.tag, !Tag.fits(tag, node.kind) else { return node }
    let short = tag.hasPrefix(Tag.prefix) ? "!!" + tag.dropFirst(Tag.prefix.count) : tag
    if Tag.isKnown(tag) {
      report("yaml.tag", "the value does not fit its tag `\(short)`", at: node.range)
    } else {
      report("yaml.unknown_tag", "the tag `\(short)` is not known", at: node.range, hint: "remove it")
    }
    return .erroneous(at: node.range)
  }

  private mutating func place(_ built: Built, anchor: String?) {
    if let anchor { anchors[anchor] = built }
    guard let top = stack.indices.last else {
      root = built.node
      return
    }
    stack[top].cost.nodes += built.nodes
    stack[top].cost.text += built.text
    stack[top].cost.height = max(stack[top].cost.height, built.height + 1)
    if !stack[top].isMapping {
      stack[top].items.append(built.node)
    } else if let key = stack[top].key {
      stack[top].key = nil
      add(key, built.node, to: top)
    } else {
      stack[top].key = built.node
    }
  }

  private mutating func add(_ key: Node, _ value: Node, to top: Int) {
    guard !key.isErroneous else { return }
    guard case .scalar(let text, let style) = key.kind else {
      return report("yaml.key", "a key must be text, not \(key.kindName)", at: key.range)
    }
    if key.isNull {
      return report("yaml.key", "a key is missing before the `:`", at: key.range)
    }
    if text == "<<", style == .plain {
      return report(
        "yaml.merge_key", "merge keys (`<<`) are not supported", at: key.range,
        hint: "write the keys out, or set them under `defaults`")
    }
    if let first = stack[top].keys[text] {
      return report(
        "yaml.duplicate_key", "the key `\(text)` is already at line \(first.start.line)", at: key.range, related: first)
    }
    stack[top].keys[text] = key.range
    stack[top].pairs.append(Node.Pair(key: key, value: value))
  }
}

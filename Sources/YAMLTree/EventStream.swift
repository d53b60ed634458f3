internal import CYAML

/// libyaml's parser, driven event by event over one buffer.
enum EventStream {
  /// The document's root; `nil` when a problem in the builder says why there is none.
  static func feed(_ bytes: UnsafeBufferPointer<UInt8>, to builder: inout TreeBuilder) -> Node? {
    // On the heap: the parser keeps a pointer to itself.
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { parser.deallocate() }
    guard yaml_parser_initialize(parser) == 1 else {
      builder.stop(YAMLProblem("yaml.memory", "no memory to read the file", at: .beginning(of: builder.file)))
      return nil
    }
    defer { yaml_parser_delete(parser) }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    // A buffer of no bytes has no address, which libyaml asserts on.
    var nothing: UInt8 = 0
    return withUnsafePointer(to: &nothing) { empty in
      yaml_parser_set_input_string(parser, bytes.baseAddress ?? empty, bytes.count)
      return read(parser, into: &builder)
    }
  }

  private static func read(_ parser: UnsafeMutablePointer<yaml_parser_t>, into builder: inout TreeBuilder) -> Node? {
    var event = yaml_event_t()
    while !builder.isStopped {
      guard yaml_parser_parse(parser, &event) == 1 else {
        builder.stop(SyntaxProblem.describe(parser.pointee, file: builder.file))
        return nil
      }
      defer { yaml_event_delete(&event) }
      if event.type == YAML_STREAM_END_EVENT { break }
      hand(event, to: &builder)
    }
    return builder.finish()
  }

  private static func hand(_ event: yaml_event_t, to builder: inout TreeBuilder) {
    let range = SourceRange(
      file: builder.file, start: Mark(event.start_mark), end: Mark(event.end_mark))
    switch event.type {
    case YAML_DOCUMENT_START_EVENT:
      builder.startDocument(at: range)
    case YAML_ALIAS_EVENT:
      builder.alias(text(event.data.alias.anchor) ?? "", at: range)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let content = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      builder.scalar(
        String(decoding: content, as: UTF8.self), Node.Style(scalar.style),
        tag: text(scalar.tag), anchor: text(scalar.anchor), at: range)
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      builder.open(mapping: false, tag: text(start.tag), anchor: text(start.anchor), at: range)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      builder.open(mapping: true, tag: text(start.tag), anchor: text(start.anchor), at: range)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      builder.close(at: range)
    default:
      break
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }
}

extension Mark {
  init(_ mark: yaml_mark_t) {
    self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1, offset: Int(mark.index))
  }
}

extension Node.Style {
  init(_ style: yaml_scalar_style_t) {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: self = .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: self = .literal
    case YAML_FOLDED_SCALAR_STYLE: self = .folded
    default: self = .plain
    }
  }
}

/// libyaml's complaint in the words of somebody who writes a plan.
enum SyntaxProblem {
  static func describe(_ parser: yaml_parser_t, file: String) -> YAMLProblem {
    let problem = parser.problem.map { String(cString: $0) } ?? "not YAML"
    let context = parser.context.map { String(cString: $0) }
    // What is missed only at the end of the text was opened somewhere: that place helps more.
    let isAtEnd = parser.eof != 0 && parser.unread <= 1 && parser.problem_mark.index >= parser.mark.index
    let start = Mark(isAtEnd && context != nil ? parser.context_mark : parser.problem_mark)
    let end = Mark(line: start.line, column: start.column + 1, offset: start.offset + 1)
    let related =
      context != nil && parser.context_mark.line != parser.problem_mark.line
      ? SourceRange(file: file, start: Mark(parser.context_mark), end: Mark(parser.context_mark)) : nil
    return YAMLProblem(
      parser.error == YAML_MEMORY_ERROR ? "yaml.memory" : "yaml.syntax",
      context.map { "\(problem), \($0)" } ?? problem,
      at: SourceRange(file: file, start: start, end: end), hint: hint(problem), related: related)
  }

  private static func hint(_ problem: String) -> String? {
    switch problem {
    case "mapping values are not allowed in this context":
      "text that contains `: ` must be quoted, and keys of one mapping start in one column"
    case "found character that cannot start any token":
      "indent with spaces, not tabs; quote text that starts with @, ` or %"
    case "did not find expected key", "did not find expected '-' indicator":
      "look at the indentation: keys of one mapping, or items of one list, start in one column"
    case "could not find expected ':'":
      "a key is followed by `: `"
    case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
      "a bracket opened before is not closed, or a comma is missing"
    case "found unexpected end of stream":
      "a quote opened before is not closed"
    default: nil
    }
  }
}

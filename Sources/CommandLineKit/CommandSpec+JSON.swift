extension CommandSpec {
  /// The whole tree as JSON, for documentation and other tools; one member per line.
  package var json: String { document.text() + "\n" }

  private var document: Document {
    .object([
      ("name", .string(name)), ("summary", .string(summary)), ("discussion", .string(discussion)),
      ("arguments", .array(arguments.map(\.document))), ("options", .array(options.map(\.document))),
      ("examples", .array(examples.map(\.document))),
      ("subcommands", .array(subcommands.map(\.document))),
    ])
  }
}

extension CommandExample {
  fileprivate var document: Document { .object([("command", .string(command)), ("meaning", .string(meaning))]) }
}

extension ArgumentSpec {
  fileprivate var document: Document {
    .object([
      ("name", .string(name)), ("summary", .string(summary)), ("arity", .string("\(arity)")),
    ] + kind.members)
  }
}

extension OptionSpec {
  fileprivate var document: Document {
    .object([
      ("long", .string(long)), ("short", short.map { .string("\($0)") } ?? .null), ("usage", .string(usage)),
      ("summary", .string(summary)), ("repeatable", .bool(repeatable)),
      ("default", fallback.map { .string($0) } ?? .null),
    ] + (kind?.members ?? []))
  }
}

extension ValueKind {
  fileprivate var members: [(String, Document)] {
    switch self {
    case .text: [("type", .string("text"))]
    case .file: [("type", .string("file"))]
    case .folder: [("type", .string("folder"))]
    case .duration: [("type", .string("duration"))]
    case .assignment: [("type", .string("assignment"))]
    case .integer: [("type", .string("integer"))]
    case .choice(let choices): [("type", .string("choice")), ("choices", .array(choices.map { .string($0) }))]
    }
  }
}

/// As much JSON as this module writes; it imports no other.
indirect enum Document {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([Document])
  case object([(String, Document)])

  /// On several lines, or on one when `compact`.
  func text(compact: Bool = false, indent: String = "") -> String {
    let inner = indent + "  "
    switch self {
    case .null: return "null"
    case .bool(let value): return "\(value)"
    case .integer(let value): return "\(value)"
    case .number(let value): return value.isFinite ? "\(value)" : "null"
    case .string(let value): return Self.quoted(value)
    case .array(let items):
      let parts = items.map { $0.text(compact: compact, indent: inner) }
      return Self.enclosed(parts, "[", "]", compact, indent)
    case .object(let members):
      let parts = members.map { "\(Self.quoted($0)):\(compact ? "" : " ")\($1.text(compact: compact, indent: inner))" }
      return Self.enclosed(parts, "{", "}", compact, indent)
    }
  }

  private static func enclosed(
    _ parts: [String], _ open: String, _ close: String, _ compact: Bool, _ indent: String
  ) -> String {
    if parts.isEmpty { return open + close }
    if compact { return open + parts.joined(separator: ",") + close }
    return "\(open)\n\(indent)  " + parts.joined(separator: ",\n\(indent)  ") + "\n\(indent)\(close)"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

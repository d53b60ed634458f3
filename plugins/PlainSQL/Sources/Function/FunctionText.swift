import Catalog
import JSONText
import PlanSchema
import PluginAPI
import SQLText

/// A `CREATE FUNCTION` or `CREATE PROCEDURE` as the grammar reads it.
struct FunctionText: Sendable {
  struct Argument: Sendable, Hashable {
    enum Mode: String, Sendable {
      case input = "i"
      case output = "o"
      case both = "b"
      case variadic = "v"
      case table = "t"
    }
    var mode: Mode
    var name: String?
    /// As SQL spells it; type modifiers mean nothing in a signature.
    var type: String
    var hasDefault: Bool

    var isInput: Bool { mode != .output && mode != .table }
  }

  let statement: ParsedStatement

  init?(_ statement: ParsedStatement) {
    guard statement.node == "CreateFunctionStmt" else { return nil }
    self.statement = statement
  }

  private var tree: JSON { statement.tree }

  var isProcedure: Bool { tree.flag("is_procedure") }
  var kind: String { isProcedure ? "PROCEDURE" : "FUNCTION" }
  var nameParts: [String] { tree.names("funcname") }
  var isQualified: Bool { nameParts.count > 1 }
  var name: QualifiedName? {
    guard let last = nameParts.last else { return nil }
    return QualifiedName(isQualified ? nameParts[nameParts.count - 2] : "public", last)
  }

  var arguments: [Argument] {
    tree.list("parameters").compactMap { $0["FunctionParameter"] }.map { parameter in
      Argument(
        mode: FunctionText.mode(parameter.word("mode")), name: parameter.word("name"),
        type: FunctionText.type(parameter["argType"]), hasDefault: parameter["defexpr"] != nil)
    }
  }

  /// Types the catalog cannot tell from their spelling alone (`table.column%TYPE`).
  var hasCopiedType: Bool {
    var found = tree["returnType"]?.flag("pct_type") ?? false
    for parameter in tree.list("parameters") where parameter["FunctionParameter"]?["argType"]?.flag("pct_type") == true
    {
      found = true
    }
    return found
  }

  /// `nil` for a procedure and where the output arguments say it.
  var result: (type: String, isSet: Bool)? {
    tree["returnType"].map { (FunctionText.type($0), $0.flag("setof")) }
  }

  /// `"app"."f"("pg_catalog"."int4", …)`: what tells it from its namesakes.
  var signature: String {
    (name?.quoted ?? "") + "(" + arguments.filter(\.isInput).map(\.type).joined(separator: ", ") + ")"
  }

  /// The statement, replacing what is there.
  var replacing: String {
    guard !tree.flag("replace") else { return statement.text }
    let create = statement.text.prefix { $0.isLetter }
    return create + " OR REPLACE" + statement.text.dropFirst(create.count)
  }

  private static func mode(_ word: String?) -> Argument.Mode {
    switch word {
    case "FUNC_PARAM_OUT": .output
    case "FUNC_PARAM_INOUT": .both
    case "FUNC_PARAM_VARIADIC": .variadic
    case "FUNC_PARAM_TABLE": .table
    default: .input
    }
  }

  private static func type(_ node: JSON?) -> String {
    guard let node else { return "" }
    let name = node.names("names").map(Quoting.identifier).joined(separator: ".")
    return node.list("arrayBounds").isEmpty ? name : name + "[]"
  }
}

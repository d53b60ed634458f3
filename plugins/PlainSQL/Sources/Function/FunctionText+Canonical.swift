import Catalog
import JSONText
import SQLText

extension FunctionText {
  /// Equal for two spellings of one definition, such as the author's and `pg_get_functiondef`'s.
  var canonical: JSON {
    guard case .object(let object) = statement.tree else { return .null }
    var kept = JSONObject(
      object.members.filter { !["replace", "options", "funcname", "parameters"].contains($0.key) }
        .map { ($0.key, FunctionText.placeless($0.value)) })
    kept["funcname"] = .array([.string(name?.schema ?? ""), .string(name?.name ?? "")])
    kept["returnType"] = canonicalResult
    kept["options"] = FunctionText.options(statement.tree.list("options"))
    kept["parameters"] = .array(statement.tree.list("parameters").map(FunctionText.parameter))
    return .object(kept)
  }

  /// With output arguments the type follows from them, and only the catalog repeats it.
  private var canonicalResult: JSON {
    let node = statement.tree["returnType"] ?? .null
    return arguments.contains { $0.mode != .input && $0.mode != .variadic }
      ? .bool(node.flag("setof")) : FunctionText.plainType(node)
  }

  /// In any order, without those that say what is so anyway.
  private static func options(_ options: [JSON]) -> JSON {
    let defaults = ["volatility": "volatile", "parallel": "unsafe"]
    let texts = options.compactMap { $0["DefElem"] }.compactMap { option -> String? in
      let name = option.word("defname") ?? ""
      let value = placeless(option["arg"] ?? .null)
      if let usual = defaults[name], value.names == [usual] { return nil }
      if ["security", "strict", "leakproof", "window"].contains(name), value["Boolean"]?.flag("boolval") == false {
        return nil
      }
      if name == "cost", value["Integer"]?["ival"]?.int == 100 { return nil }
      return name + "=" + value.canonical
    }
    return .array(texts.sorted().map(JSON.string))
  }

  /// A default the catalog shows with a cast is the constant the author wrote without one.
  private static func parameter(_ node: JSON) -> JSON {
    guard case .object(var parameter)? = node["FunctionParameter"] else { return placeless(node) }
    if let constant = parameter["defexpr"]?["TypeCast"]?["arg"], constant["A_Const"] != nil {
      parameter["defexpr"] = constant
    }
    if let type = parameter["argType"] { parameter["argType"] = plainType(type) }
    if parameter["mode"]?.string == "FUNC_PARAM_IN" { parameter["mode"] = "FUNC_PARAM_DEFAULT" }
    return placeless(.object(parameter))
  }

  /// `int4` and `pg_catalog.int4` are one type; modifiers mean nothing in a signature.
  private static func plainType(_ node: JSON) -> JSON {
    let names = node.names("names").filter { $0 != "pg_catalog" }
    return [
      "names": .array(names.map(JSON.string)), "array": .bool(!node.list("arrayBounds").isEmpty),
      "setof": .bool(node.flag("setof")),
    ]
  }

  private static func placeless(_ value: JSON) -> JSON {
    switch value {
    case .array(let items): .array(items.map(placeless))
    case .object(let object):
      .object(
        JSONObject(
          object.members.filter { $0.key != "location" }
            .map { ($0.key, placeless($0.value)) }))
    default: value
    }
  }
}

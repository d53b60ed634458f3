import CommandLineKit
import JSONText
import PlanSchema
import PluginAPI

/// The kinds of steps there are, and what each takes: read from the declarations that decode plans.
struct KindListing {
  let registry: StepRegistry

  /// A line per kind.
  var table: TextTable {
    var table = TextTable([.left("kind"), .left("plugin"), .left("phases"), .left("what it does", shrinks: true)])
    for (plugin, kind) in kinds {
      table.add([kind.name, plugin, kind.phases.joined(separator: ", "), kind.summary], styles: [.bold])
    }
    return table
  }

  /// Every kind with its parameters.
  var json: JSON { .array(kinds.map { Self.json($1, plugin: $0) }) }

  /// One kind's summary and parameters; the name it resembles when there is none such.
  func kind(named name: String) throws -> KindPage {
    guard let kind = registry[name] else {
      let near = Spelling.nearest(to: name, in: registry.names)
      throw CommandFailure(
        .usage, "there is no kind of step '\(name)'", hint: near.map { "did you mean '\($0)'?" },
        next: "\(Tool.name) plugins")
    }
    return KindPage(name: kind.name, summary: kind.summary, fields: Self.fields(of: kind), json: Self.json(kind))
  }

  private var kinds: [(plugin: String, kind: any StepKind.Type)] {
    registry.plugins.flatMap { plugin in plugin.kinds.map { (plugin.name, $0) } }
  }

  private static func fields<Kind: StepKind>(of kind: Kind.Type) -> [KeyedField] { Kind.Parameters.fields }

  private static func json(_ kind: any StepKind.Type, plugin: String? = nil) -> JSON {
    var object = JSONObject([("name", .string(kind.name)), ("summary", .string(kind.summary))])
    object["plugin"] = plugin.map(JSON.string)
    object["phases"] = .array(kind.phases.map(JSON.string))
    object["recurring"] = .bool(kind.recurring)
    object["parameters"] = .array(fields(of: kind).map(json))
    return .object(object)
  }

  private static func json(_ keyed: KeyedField) -> JSON {
    let field = keyed.field
    return [
      "key": .string(keyed.key), "type": .string(field.shape.title), "required": .bool(field.required),
      "default": field.fallback ?? .null, "tuning": .bool(field.tuning), "help": .string(field.help),
    ]
  }
}

/// What `caisson plugins KIND` shows.
struct KindPage {
  var name: String
  var summary: String
  var fields: [KeyedField]
  var json: JSON

  /// Name, sentence, and a table of the parameters.
  func lines(width: Int?, palette: Palette = .plain) -> [String] {
    var table = TextTable([
      .left("parameter"), .left("type", shrinks: true), .left("default"), .left("meaning", shrinks: true),
    ])
    for keyed in fields {
      let field = keyed.field
      let fallback = field.fallback.flatMap { $0.isNull ? nil : $0.text } ?? ""
      table.add([
        keyed.key, field.shape.title, field.required ? "required" : fallback,
        field.help + (field.tuning ? " (tuning)" : ""),
      ])
    }
    return ["\(palette(name, .bold)): \(summary)", ""] + table.lines(width: width, palette: palette)
  }
}

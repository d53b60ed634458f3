import Engine
import JSONText
import PluginAPI
import SQLText

extension Operation {
  /// Everything a program that reads `plan --output json` may want to know; no bound values.
  func json(sizes: [QualifiedName: RelationSize] = [:]) -> JSON {
    var object = JSONObject([
      ("id", .string(id)), ("title", .string(title)), ("kind", .string(work.kind)),
      ("statements", .array(sentStatements.map { .string($0.printed) })),
    ])
    object["unless"] = unless.map { .string($0.printed) }
    if !checks.isEmpty {
      object["checks"] = .array(checks.map { ["name": .string($0.name), "sql": .string($0.sql.printed)] })
    }
    if !locks.isEmpty { object["locks"] = .array(locks.map { $0.json(sizes[$0.relation]) }) }
    if !held.isEmpty { object["resources"] = .array(held.map { .string($0.name) }) }
    for (key, value) in workDetails { object[key] = value }
    object["undo"] = undo.json
    return .object(object)
  }

  private var workDetails: [(String, JSON)] {
    switch work {
    case .autocommit(let work):
      [
        ("probe", work.probe.map { .string($0.printed) } ?? .null),
        ("cleanup", .array(work.cleanup.map { .string($0.printed) })),
      ]
    case .chunked(let work):
      [
        ("target", work.target.json), ("size", .int(Int64(work.size))), ("workers", .int(Int64(work.workers))),
        ("slices", work.slices.map { .string($0.printed) } ?? .null),
      ]
    case .process(let work): [("argv", .array(work.arguments.map(JSON.string)))]
    case .file(let work): [("path", .string(work.path)), ("mode", .string(String(work.mode, radix: 8)))]
    case .parallel(let work):
      [("width", .int(Int64(work.width))), ("members", .array(work.members.map { $0.json() }))]
    case .export(let work):
      [
        ("path", .string(work.path)), ("format", .string(work.format.rawValue)), ("folder", .bool(work.isFolder)),
        ("prelude", .array(work.prelude.map { .string($0.printed) })),
        ("queries", .array(work.queries.map { ["name": .string($0.name), "sql": .string($0.sql.printed)] })),
      ]
    case .admin(let work):
      [
        ("console", .string(work.console.description)), ("command", .string(work.command)),
        ("probe", work.probe.map(\.json) ?? .null), ("timeout", work.timeout.json),
      ]
    case .bracket(let work):
      [
        ("deadline", work.deadline.json), ("open", .array(work.open.map { $0.json() })),
        ("body", .array(work.body.map { $0.json() })), ("close", .array(work.close.map { $0.json() })),
      ]
    case .transaction, .observe: []
    }
  }
}

extension AdminWork.Probe {
  fileprivate var json: JSON {
    [
      "show": .string(show), "column": .string(column), "value": .string(value),
      "row": .object(JSONObject(row.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
    ]
  }
}

extension Undo {
  var json: JSON {
    switch self {
    case .nothing: ["kind": "nothing"]
    case .irreversible(let reason): ["kind": "irreversible", "reason": .string(reason)]
    case .recompile(let phase): ["kind": "recompile", "phase": .string(phase)]
    case .operations(let operations): ["kind": "operations", "operations": .array(operations.map { $0.json() })]
    }
  }
}

extension RelationLock {
  func json(_ size: RelationSize?) -> JSON {
    [
      "relation": .string(relation.description), "mode": .string(mode.rawValue),
      "stalls_others": .bool(mode.stallsOthers),
      "bytes": size.map { .int($0.bytes) } ?? .null,
      "rows": size.flatMap { $0.rows < 0 ? nil : .int($0.rows) } ?? .null,
    ]
  }
}

import JSONText
import PluginAPI
import RunModel
import SQLText

extension Operation {
  /// As its statements say. What cannot be told is taken for a scan: of work that is as quick as work of a fixed length a
  /// forecast makes no more than that.
  var pace: Pace {
    switch work {
    case .transaction(let work): Self.pace(of: work.statements.map(\.sql))
    case .autocommit(let work): Self.pace(of: [work.statement])
    case .chunked, .export: .scan
    case .observe(let work): work.until != nil ? .wait : Self.pace(of: work.queries.map(\.sql))
    case .file, .process, .admin, .parallel, .bracket: .fixed
    }
  }

  private static func pace(of statements: [SQL]) -> Pace {
    let paces = statements.flatMap { sql -> [Pace] in
      guard let parsed = try? SQLParser.parse(sql.text) else { return [.scan] }
      return parsed.map(\.pace)
    }
    return [Pace.sort, .scan, .sample].first(where: paces.contains) ?? .fixed
  }
}

extension ParsedStatement {
  fileprivate var pace: Pace {
    switch node {
    case "IndexStmt", "ReindexStmt": .sort
    case "VacuumStmt": tree.flag("is_vacuumcmd") ? .scan : .sample
    case "UpdateStmt", "DeleteStmt", "MergeStmt", "CopyStmt", "RefreshMatViewStmt", "ClusterStmt", "DoStmt", "CallStmt": .scan
    case "SelectStmt": effects.opaque || readsTables ? .scan : .fixed
    case "InsertStmt": effects.opaque || locks.count > 1 ? .scan : .fixed
    case "CreateTableAsStmt": tree["into"]?.flag("skipData") == true ? .fixed : .scan
    case "AlterTableStmt": commands.map(\.pace).first { $0 != .fixed } ?? .fixed
    default: .fixed
    }
  }

  private var readsTables: Bool { locks.contains { !$0.relation.isSystem } }
}

extension AlterTableCommand {
  /// As the text has it: a constraint that is proven already is not looked at again, and takes no time either way.
  fileprivate var pace: Pace {
    switch subtype {
    case "AT_ValidateConstraint", "AT_SetNotNull", "AT_AlterColumnType", "AT_SetTableSpace", "AT_SetLogged",
      "AT_SetUnLogged", "AT_AttachPartition", "AT_SetAccessMethod": .scan
    case "AT_AddConstraint", "AT_AddColumn": constraints.isEmpty ? .fixed : .scan
    default: .fixed
    }
  }
}

extension QualifiedName {
  /// The server's own, or the journal's.
  var isSystem: Bool { schema.hasPrefix("pg_") || schema == "information_schema" || schema == "caisson" }
}

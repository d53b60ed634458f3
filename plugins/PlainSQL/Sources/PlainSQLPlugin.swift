public import PluginAPI

/// Steps that run the author's own SQL: statements, batches over a table, function definitions.
public enum PlainSQLPlugin: Plugin {
  public static let name = "PlainSQL"
  public static let summary = "SQL of your own: statements, chunked data changes, function definitions"
  public static let kinds: [any StepKind.Type] = [SQLRun.self, DataBatch.self, FunctionDefine.self]
}

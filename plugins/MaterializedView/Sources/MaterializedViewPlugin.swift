public import PluginAPI

/// Materialized views that are right, fresh and never in the way.
public enum MaterializedViewPlugin: Plugin {
  public static let name = "MaterializedView"
  public static let summary = "Materialized views that are right, fresh and never in the way"
  public static let kinds: [any StepKind.Type] = [
    MatviewCreate.self, MatviewRefresh.self, MatviewRollup.self, MatviewTrigger.self,
  ]
  public static let status = StatusQueries.all
}

public import PluginAPI

/// PgBouncer's files from arithmetic, proven by booting it; reloads that cannot break a pool; pools paused and resumed.
public enum PgBouncerPlugin: Plugin {
  public static let name = "PgBouncer"
  public static let summary = "PgBouncer's files from arithmetic, proven by booting it; reloads that cannot break a pool"
  public static let kinds: [any StepKind.Type] = [
    PgbouncerRender.self, PgbouncerApply.self, PgbouncerPause.self, PgbouncerResume.self,
  ]
}

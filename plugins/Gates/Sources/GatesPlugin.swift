public import PluginAPI

/// Steps that hold back what needs them until something is so.
public enum GatesPlugin: Plugin {
  public static let name = "Gates"
  public static let summary = "Steps that hold back what needs them until something is so"
  public static let kinds: [any StepKind.Type] = [
    GateQuery.self, GateReplica.self, GateBackup.self, GateWindow.self, GateSoak.self, GateApproval.self,
  ]
}

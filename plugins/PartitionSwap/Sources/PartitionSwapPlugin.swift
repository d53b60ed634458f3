public import PluginAPI

/// Tables partitioned while the application writes, and kept that way.
public enum PartitionSwapPlugin: Plugin {
  public static let name = "PartitionSwap"
  public static let summary = "Tables partitioned while the application writes, and kept that way"
  public static let kinds: [any StepKind.Type] = [
    PartitionSwap.self, PartitionDrain.self, PartitionMaintain.self, PartitionDetach.self,
  ]
  public static let status = [FollowStatus.query]
}

public import PluginAPI

/// Indexes built, moved and dropped while the application writes.
public enum ConcurrentIndexPlugin: Plugin {
  public static let name = "ConcurrentIndex"
  public static let summary = "Indexes built, moved and dropped while the application writes"
  public static let kinds: [any StepKind.Type] = [IndexCreate.self, IndexRolling.self, IndexDrop.self]
}

public import PluginAPI

/// Personal data: anonymised, exported, erased, retained and recorded, from one map.
public enum GDPRPlugin: Plugin {
  public static let name = "GDPR"
  public static let summary = "Personal data: anonymised, exported, erased, retained and recorded, from one map"
  public static let kinds: [any StepKind.Type] = [
    GDPRAnonymize.self, GDPRConsent.self, GDPRErase.self, GDPRExport.self, GDPRReplay.self, GDPRReport.self,
    GDPRRetention.self,
  ]
  public static let status = [RetentionStatus.query]
}

public import PluginAPI

/// How indexes are built, apart from what they are.
public struct BuildPolicy: Sendable, Hashable {
  public var maintenanceMemory: ByteSize?
  /// `max_parallel_maintenance_workers`
  public var workers: Int?
  public var waitForOldSnapshots: TimeSpan

  public init(
    maintenanceMemory: ByteSize? = nil, workers: Int? = nil, waitForOldSnapshots: TimeSpan = .minutes(10)
  ) {
    self.maintenanceMemory = maintenanceMemory
    self.workers = workers
    self.waitForOldSnapshots = waitForOldSnapshots
  }

  func settings(for index: IndexDefinition) -> [Setting] {
    var settings = index.tablespace.map { [Setting("default_tablespace", $0)] } ?? []
    if let maintenanceMemory {
      settings.append(Setting("maintenance_work_mem", "\(max(maintenanceMemory.bytes >> 10, 1_024))kB"))
    }
    if let workers { settings.append(Setting("max_parallel_maintenance_workers", String(workers))) }
    return settings
  }
}

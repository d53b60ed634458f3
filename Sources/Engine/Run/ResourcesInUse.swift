import PluginAPI

/// What the steps at work in this process hold: a first look, before the journal's `hold` decides for all of them.
struct ResourcesInUse {
  private var holders: [String: (mode: String, count: Int)] = [:]

  /// Nobody has any of them in another mode, nor alone.
  func allow(_ resources: [Resource]) -> Bool {
    resources.allSatisfy { wanted in
      guard let now = holders[wanted.name] else { return true }
      return now.mode == wanted.mode && wanted.mode != "exclusive"
    }
  }

  mutating func add(_ resources: [Resource]) {
    for one in resources { holders[one.name] = (one.mode, (holders[one.name]?.count ?? 0) + 1) }
  }

  mutating func remove(_ resources: [Resource]) {
    for one in resources {
      guard let now = holders[one.name] else { continue }
      holders[one.name] = now.count > 1 ? (now.mode, now.count - 1) : nil
    }
  }
}

package import PluginAPI

/// What a plan is expected to take: its steps, and all of them by their order.
package struct PlanForecast: Sendable {
  package struct Step: Sendable {
    package let id: String
    package let needs: [String]
    package let resources: [Resource]
    /// `nil`: no measurement yet.
    package let forecast: StepForecast?

    package init(id: String, needs: [String], resources: [Resource] = [], forecast: StepForecast?) {
      self.id = id
      self.needs = needs
      self.resources = resources
      self.forecast = forecast
    }
  }

  package let steps: [Step]
  /// Steps side by side.
  package let width: Int
  /// Of all steps.
  package let seconds: Double
  /// From the first to the last, gates left out.
  package let elapsed: Double
  package let walBytes: Double
  /// In the end.
  package let diskBytes: Double
  /// The most there is at any moment between two steps.
  package let diskPeak: Double
  package let stallMilliseconds: Double
  /// Steps each of which waits for the one before, and no others take longer.
  package let criticalPath: [String]
  package let criticalSeconds: Double

  package var withoutBasis: [String] { steps.filter { $0.forecast == nil }.map(\.id) }
  package var hasBasis: Bool { steps.contains { $0.forecast != nil } }

  package subscript(step: String) -> StepForecast? { steps.first { $0.id == step }?.forecast }

  package init(_ steps: [Step], width: Int) {
    self.steps = steps
    self.width = max(1, width)
    let known = steps.compactMap(\.forecast)
    seconds = known.reduce(0) { $0 + $1.seconds }
    walBytes = known.reduce(0) { $0 + $1.walBytes }
    diskBytes = known.reduce(0) { $0 + $1.diskBytes }
    stallMilliseconds = known.map(\.stallMilliseconds).max() ?? 0
    let course = Course(steps, width: max(1, width))
    (elapsed, diskPeak) = (course.elapsed, course.diskPeak)
    (criticalPath, criticalSeconds) = Self.longestPath(steps)
  }

  /// `steps` in an order in which each comes after what it needs, as a plan's are; what is not there is done.
  private static func longestPath(_ steps: [Step]) -> ([String], Double) {
    var ends: [String: (seconds: Double, from: String?)] = [:]
    for step in steps {
      let before = step.needs.compactMap { need in ends[need].map { (need, $0.seconds) } }.max { $0.1 < $1.1 }
      ends[step.id] = ((before?.1 ?? 0) + (step.forecast?.seconds ?? 0), before?.0)
    }
    guard let last = steps.map(\.id).max(by: { (ends[$0]?.seconds ?? 0) < (ends[$1]?.seconds ?? 0) }) else { return ([], 0) }
    var path: [String] = []
    var here: String? = last
    while let step = here {
      path.append(step)
      here = ends[step]?.from
    }
    return (path.reversed(), ends[last]?.seconds ?? 0)
  }
}

/// The steps as a runner takes them: in plan order, as soon as what they need is done and their resources are free.
private struct Course {
  private(set) var elapsed = 0.0
  private(set) var diskPeak = 0.0

  init(_ steps: [PlanForecast.Step], width: Int) {
    var waiting = steps
    var running: [(step: PlanForecast.Step, end: Double)] = []
    var open = Set(steps.map(\.id))
    var disk = 0.0
    while !waiting.isEmpty || !running.isEmpty {
      while running.count < width, let place = waiting.firstIndex(where: { step in
        step.needs.allSatisfy { !open.contains($0) } && running.allSatisfy { Self.agree(step.resources, $0.step.resources) }
      }) {
        let step = waiting.remove(at: place)
        running.append((step, elapsed + (step.forecast?.seconds ?? 0)))
      }
      guard let next = running.indices.min(by: { running[$0].end < running[$1].end }) else { return }
      let ended = running.remove(at: next)
      elapsed = max(elapsed, ended.end)
      open.remove(ended.step.id)
      disk += ended.step.forecast?.diskBytes ?? 0
      diskPeak = max(diskPeak, disk)
    }
  }

  private static func agree(_ a: [Resource], _ b: [Resource]) -> Bool {
    !a.contains { one in b.contains { $0.name == one.name && ($0.mode != one.mode || one.mode == "exclusive") } }
  }
}

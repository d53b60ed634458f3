import JSONText

/// One measurement of a step: what it took, by how it grows, and how large its tables were as it began.
package struct StepSample: Sendable, Hashable {
  /// All operations of one pace.
  package struct Work: Sendable, Hashable {
    package var seconds: Double
    package var tasks: Double
    package var walBytes: Double
    package var stallMilliseconds: Double

    package init(seconds: Double, tasks: Double = 1, walBytes: Double = 0, stallMilliseconds: Double = 0) {
      self.seconds = seconds
      self.tasks = tasks
      self.walBytes = walBytes
      self.stallMilliseconds = stallMilliseconds
    }
  }

  package var environment: String
  package var at: Moment
  package var uses: String
  /// It was held for so long.
  package var seconds: Double
  package var work: [Pace: Work]
  package var diskBytes: Double
  package var extents: Extents
  /// Of some of it nobody saw how long it took.
  package var isPartial: Bool
  /// What an operation of a fixed length takes there.
  package var taskSeconds: Double

  package init(
    environment: String, at: Moment, uses: String, seconds: Double, work: [Pace: Work], diskBytes: Double = 0,
    extents: Extents = [:], isPartial: Bool = false, taskSeconds: Double = StepSample.usualTaskSeconds
  ) {
    self.environment = environment
    self.at = at
    self.uses = uses
    self.seconds = seconds
    self.work = work
    self.diskBytes = diskBytes
    self.extents = extents
    self.isPartial = isPartial
    self.taskSeconds = taskSeconds
  }

  /// Round trips and a commit.
  package static let usualTaskSeconds = 0.005

  /// Longer than it was held where some ran side by side.
  var busySeconds: Double { work.values.reduce(0) { $0 + $1.seconds } }
}

extension StepSample {
  /// By step, of a body of evidence: steps that have no measures there are not among them.
  package static func all(in evidence: Evidence) -> [String: StepSample] {
    var samples: [String: StepSample] = [:]
    for (id, proof) in evidence.steps where proof.outcome == .executed || proof.outcome == .carried {
      guard let json = evidence.body["steps"]?[id], let measures = json["measures"] else { continue }
      samples[id] = StepSample(proof, measures, evidence)
    }
    let each = samples.values.compactMap { sample in
      sample.work[.fixed].flatMap { $0.tasks > 0 ? $0.seconds / $0.tasks : nil }
    }.sorted()
    guard !each.isEmpty else { return samples }
    // On a busy machine the catalog takes long, and what is taken for a round trip is not expected to grow.
    let usual = min(max(each[each.count / 2], 0.001), 0.01)
    return samples.mapValues { sample in
      var sample = sample
      sample.taskSeconds = usual
      return sample
    }
  }

  private init(_ proof: StepProof, _ measures: JSON, _ evidence: Evidence) {
    var work: [Pace: Work] = [:]
    var isPartial = false
    for pace in Pace.allCases {
      guard let json = measures["work"]?[pace.rawValue] else { continue }
      work[pace] = Work(
        seconds: Figure.read(json["seconds"]) ?? 0, tasks: Figure.read(json["tasks"]) ?? 1,
        walBytes: Figure.read(json["wal_bytes"]) ?? 0, stallMilliseconds: Figure.read(json["stall_ms"]) ?? 0)
      isPartial = isPartial || json["partial"]?.bool == true
    }
    var extents: Extents = [:]
    for member in measures["relations"]?.object?.members ?? [] { extents[member.key] = Extent(member.value) }
    let held = Figure.read(measures["seconds"]) ?? Figure.read(.double(proof.seconds)) ?? 0
    self.init(
      environment: evidence.environment, at: proof.origin?.finishedAt ?? evidence.finishedAt, uses: proof.uses,
      seconds: held, work: work, diskBytes: Figure.difference(measures["disk_bytes"]) ?? 0, extents: extents,
      isPartial: isPartial)
  }
}

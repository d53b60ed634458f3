/// What a step is expected to take, and what that is based on.
package struct StepForecast: Sendable, Hashable {
  /// How far it can be relied on.
  package enum Sureness: String, Sendable, Hashable, CaseIterable {
    /// Measured at about this size.
    case measured
    /// Between, or beyond, several sizes.
    case fitted
    /// From one size.
    case scaled
    /// The sizes of its tables are not known, or what was measured is next to nothing, or not all of it.
    case rough
  }

  /// Where the numbers come from.
  package struct Basis: Sendable, Hashable {
    package let environment: String
    /// Of the latest sample.
    package let at: Moment
    package let samples: Int
    /// Of the latest sample; `nil`: no table of it is here yet, or it has none.
    package let growth: Growth?
    /// How much more there is to do here.
    package let ratio: Double
    package let sureness: Sureness
  }

  package let seconds: Double
  package let walBytes: Double
  /// Less than nothing: it frees so much.
  package let diskBytes: Double
  /// The longest that others wait for it.
  package let stallMilliseconds: Double
  package let basis: Basis

  /// `nil`: it was not measured yet. `ratio`: how much larger things are where none of its tables is there to compare.
  package init?(_ samples: [StepSample], here: Extents, ratio: Double?) {
    guard let latest = samples.max(by: { $0.at < $1.at }) else { return nil }
    let scaled = samples.map { ScaledSample($0, here: here, ratio: ratio) }
    let seconds = Estimate(scaled.map(\.seconds)), wal = Estimate(scaled.map(\.wal)), disk = Estimate(scaled.map(\.disk))
    let mine = ScaledSample(latest, here: here, ratio: ratio)
    self.seconds = Self.bounded(seconds.value)
    walBytes = Self.bounded(wal.value)
    diskBytes = disk.value.isFinite ? min(max(disk.value, -1e18), 1e18) : 0
    stallMilliseconds = Self.bounded(Estimate(scaled.map(\.stall)).value)
    basis = Basis(
      environment: latest.environment, at: latest.at, samples: samples.count, growth: mine.growth, ratio: mine.ratio,
      sureness: Self.sureness(scaled, seconds))
  }

  private static func sureness(_ samples: [ScaledSample], _ seconds: Estimate) -> Sureness {
    let sound = samples.filter { !$0.isRough }
    if sound.isEmpty { return .rough }
    if sound.contains(where: { (2.0 / 3...1.5).contains($0.ratio) }) || sound.allSatisfy({ !$0.moves }) { return .measured }
    return seconds.isFitted ? .fitted : .scaled
  }

  private static func bounded(_ value: Double) -> Double { value.isFinite ? min(max(value, 0), 1e18) : 0 }
}

/// One sample as it would be here: of each quantity what stays, what grows, and how much.
struct ScaledSample: Sendable {
  let growth: Growth?
  let ratio: Double
  let seconds: Estimate.Point
  let wal: Estimate.Point
  let disk: Estimate.Point
  let stall: Estimate.Point
  /// Part of it grows.
  let moves: Bool
  let isRough: Bool

  init(_ sample: StepSample, here: Extents, ratio known: Double?) {
    growth = Growth(from: sample.extents, to: here)
    let ratio = growth?.ratio ?? min(max(known ?? 1, 1e-9), 1e9)
    self.ratio = ratio
    let factor = { [growth] (pace: Pace) in growth?.factor(pace) ?? (pace == .scan || pace == .sort ? ratio : 1) }
    // Of each task the cost that work of a fixed length has as well is no reason to expect more here.
    let stays = { (pace: Pace, work: StepSample.Work) in
      pace == .scan || pace == .sort || pace == .sample ? min(work.seconds, work.tasks * sample.taskSeconds) : work.seconds
    }
    let width = sample.seconds > 0 ? max(1, sample.busySeconds / sample.seconds) : 1
    let overhead = max(0, sample.seconds - sample.busySeconds)
    let all = sample.work.map { (pace: $0.key, work: $0.value) }
    let still = all.reduce(0) { $0 + stays($1.pace, $1.work) }, now = all.reduce(0) { $0 + $1.work.seconds - stays($1.pace, $1.work) }
    let then = all.reduce(0) { $0 + ($1.work.seconds - stays($1.pace, $1.work)) * factor($1.pace) }
    seconds = .init(stays: still / width + overhead, grows: now / width, to: then / width)
    wal = .init(
      stays: 0, grows: all.reduce(0) { $0 + $1.work.walBytes }, to: all.reduce(0) { $0 + $1.work.walBytes * factor($1.pace) })
    disk = .init(stays: 0, grows: sample.diskBytes, to: sample.diskBytes * ratio)
    let longest = all.map { (now: $0.work.stallMilliseconds, then: $0.work.stallMilliseconds * factor($0.pace)) }
      .max { $0.then < $1.then }
    stall = .init(stays: 0, grows: longest?.now ?? 0, to: longest?.then ?? 0)
    moves = now > sample.taskSeconds || abs(sample.diskBytes) > 65_536
    let isFar = !(0.01...100).contains(ratio) && now < 0.1
    isRough = sample.isPartial || moves && (growth == nil || isFar)
  }
}

/// A quantity from one sample or several: what stays, and a line through what grows.
struct Estimate: Sendable {
  struct Point: Sendable {
    let stays: Double
    /// Where it was measured.
    let grows: Double
    /// Here, were it in proportion.
    let to: Double

    /// How much of what is here was there.
    var part: Double { to == 0 || grows == 0 ? 1 : grows / to }
  }

  let value: Double
  let isFitted: Bool

  init(_ points: [Point]) {
    let stays = points.reduce(0) { $0 + $1.stays } / Double(max(1, points.count))
    let usable = points.filter { $0.grows > 0 && $0.part.isFinite && $0.part > 0 }
    let parts = usable.map(\.part)
    if let least = parts.min(), let most = parts.max(), most > least * 1.5 {
      isFitted = true
      value = stays + Self.line(usable)
    } else if usable.count == points.count, !points.isEmpty {
      // About one size: the middle one of what each says, for one of them may have met something.
      isFitted = false
      value = stays + usable.map(\.to).sorted()[usable.count / 2]
    } else {
      isFitted = false
      value = stays + points.reduce(0) { $0 + $1.to } / Double(max(1, points.count))
    }
  }

  /// Constant and slope, neither less than nothing, by least squares of the relative errors; at the size of here.
  private static func line(_ points: [Point]) -> Double {
    var w = 0.0, wx = 0.0, wxx = 0.0, wy = 0.0, wxy = 0.0
    for point in points {
      let weight = 1 / (point.grows * point.grows)
      w += weight
      wx += weight * point.part
      wxx += weight * point.part * point.part
      wy += weight * point.grows
      wxy += weight * point.part * point.grows
    }
    let determinant = w * wxx - wx * wx
    guard determinant > 0 else { return wy / w }
    let constant = (wy * wxx - wx * wxy) / determinant, slope = (w * wxy - wx * wy) / determinant
    if constant < 0 { return wxy / wxx }
    if slope < 0 { return wy / w }
    return constant + slope
  }
}

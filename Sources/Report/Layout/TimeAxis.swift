import CommandLineKit

/// Instants on a line. Long stretches in which nothing was at work (a soak, a night) are drawn short, and said so:
/// otherwise an hour of work would not be seen beside them.
struct TimeAxis: Sendable {
  struct Stretch: Sendable {
    let from: Int64
    let to: Int64
    let x: Double
    let width: Double
    /// Drawn shorter than it was.
    let isGap: Bool
  }

  private static let gapWidth = 44.0
  private static let leastGap: Int64 = 30_000_000
  private static let tickDistance = 84.0

  let stretches: [Stretch]
  let start: Int64
  let end: Int64

  /// `busy`: when something was at work, in microseconds since 1970.
  init(from start: Int64, to end: Int64, busy: [(from: Int64, to: Int64)], width: Double) {
    self.start = start
    self.end = max(end, start + 1_000)
    let gaps = TimeAxis.idle(start, self.end, busy)
    let shown = self.end - start - gaps.reduce(0) { $0 + $1.to - $1.from }
    let scale = max(width - Double(gaps.count) * TimeAxis.gapWidth, width / 2) / Double(max(shown, 1))
    var here = start
    var x = 0.0
    var all: [Stretch] = []
    for gap in gaps {
      let length = Double(gap.from - here) * scale
      all.append(Stretch(from: here, to: gap.from, x: x, width: length, isGap: false))
      all.append(Stretch(from: gap.from, to: gap.to, x: x + length, width: TimeAxis.gapWidth, isGap: true))
      (here, x) = (gap.to, x + length + TimeAxis.gapWidth)
    }
    all.append(Stretch(from: here, to: self.end, x: x, width: Double(self.end - here) * scale, isGap: false))
    stretches = all
  }

  /// Where nothing was at work for more than an eighth of the time, and for half a minute at least.
  private static func idle(_ start: Int64, _ end: Int64, _ busy: [(from: Int64, to: Int64)]) -> [(
    from: Int64, to: Int64
  )] {
    let least = max(leastGap, (end - start) / 8)
    var reached = start
    var gaps: [(from: Int64, to: Int64)] = []
    for work in busy.sorted(by: { $0.from < $1.from }) + [(from: end, to: end)] {
      if work.from - reached > least { gaps.append((reached, work.from)) }
      reached = max(reached, work.to)
    }
    return gaps
  }

  func x(_ instant: Int64) -> Double {
    let at = min(max(instant, start), end)
    guard let stretch = stretches.last(where: { $0.from <= at }) else { return 0 }
    return stretch.x + stretch.width * Double(at - stretch.from) / Double(max(stretch.to - stretch.from, 1))
  }

  var width: Double { stretches.last.map { $0.x + $0.width } ?? 0 }

  /// Where a line is drawn, and the time since the start.
  var ticks: [(x: Double, label: String)] {
    let work = stretches.filter { !$0.isGap && $0.width > 1 }
    guard let widest = work.max(by: { $0.width < $1.width }) else { return [(0, "0")] }
    let perPixel = Double(widest.to - widest.from) / widest.width
    let step = TimeAxis.steps.first { Double($0) >= perPixel * TimeAxis.tickDistance } ?? 7 * 86_400_000_000
    var ticks: [(x: Double, label: String)] = []
    for stretch in work {
      var at = (stretch.from - start + step - 1) / step * step
      while at <= stretch.to - start {
        let place = x(start + at)
        if place - (ticks.last?.x ?? -.infinity) >= TimeAxis.tickDistance / 2 {
          ticks.append((place, at == 0 ? "0" : Humanised.duration(.microseconds(at))))
        }
        at += step
      }
    }
    return ticks
  }

  private static let steps: [Int64] = [
    10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 15_000_000,
    30_000_000, 60_000_000, 120_000_000, 300_000_000, 600_000_000, 900_000_000, 1_800_000_000, 3_600_000_000,
    7_200_000_000, 10_800_000_000, 21_600_000_000, 43_200_000_000, 86_400_000_000, 172_800_000_000,
  ]
}

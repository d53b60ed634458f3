package import JSONText

extension PlanForecast {
  /// As it is kept with a run, and printed.
  package var json: JSON {
    [
      "seconds": .double(seconds), "elapsed_seconds": .double(elapsed), "width": .int(Int64(width)),
      "critical_seconds": .double(criticalSeconds), "critical_path": .array(criticalPath.map(JSON.string)),
      "wal_bytes": .whole(walBytes), "disk_bytes": .whole(diskBytes), "disk_peak_bytes": .whole(diskPeak),
      "longest_stall_ms": .double(stallMilliseconds), "without_basis": .array(withoutBasis.map(JSON.string)),
      "steps": .object(JSONObject(steps.compactMap { step in step.forecast.map { (step.id, $0.json) } })),
    ]
  }
}

extension StepForecast {
  package var json: JSON {
    [
      "seconds": .double(seconds), "wal_bytes": .whole(walBytes), "disk_bytes": .whole(diskBytes),
      "stall_ms": .double(stallMilliseconds), "basis": basis.json,
    ]
  }
}

extension StepForecast.Basis {
  fileprivate var json: JSON {
    var object = JSONObject([
      ("environment", .string(environment)), ("at", .string(at.iso)), ("samples", .int(Int64(samples))),
      ("ratio", .double(ratio)), ("sureness", .string(sureness.rawValue)),
    ])
    if let growth {
      object["there"] = growth.there.json
      object["here"] = growth.here.json
    }
    return .object(object)
  }
}

extension Extent {
  fileprivate var json: JSON { ["table_bytes": .whole(bytes), "rows": rows.map { .whole($0) } ?? .null] }
}

extension JSON {
  /// Bytes and rows.
  fileprivate static func whole(_ value: Double) -> JSON { .int(Int64(min(max(value, -9e18), 9e18).rounded())) }
}

/// A forecast beside what came of it.
package struct ForecastComparison: Sendable, Hashable {
  package let forecast: Double
  package let measured: Double

  /// 1: as foretold; 2: it took twice as long.
  package var factor: Double? { forecast > 0 && measured.isFinite ? measured / forecast : nil }

  package init(forecast: Double, measured: Double) {
    self.forecast = forecast
    self.measured = measured
  }

  /// By step, of what was kept with a run and what its steps took.
  package static func steps(_ kept: JSON, measured: [String: Double]) -> [String: ForecastComparison] {
    (kept["steps"]?.object?.members ?? []).reduce(into: [:]) { all, member in
      guard let seconds = Figure.read(member.value["seconds"]), let took = measured[member.key] else { return }
      all[member.key] = ForecastComparison(forecast: seconds, measured: took)
    }
  }

  /// Of all steps that have both; `nil`: none has.
  package static func total(_ steps: [String: ForecastComparison]) -> ForecastComparison? {
    guard !steps.isEmpty else { return nil }
    return ForecastComparison(
      forecast: steps.values.reduce(0) { $0 + $1.forecast }, measured: steps.values.reduce(0) { $0 + $1.measured })
  }
}

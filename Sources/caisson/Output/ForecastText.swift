import CommandLineKit
import Engine
import JSONText
import Journal
import RunModel

/// A plan's forecast as `plan` prints it.
struct ForecastText {
  let forecast: ForecastPreview
  let limits: String?

  /// Behind the steps: the sum, what it depends on most, and for what there is nothing to go by.
  func lines(_ palette: Palette) -> [String] {
    let plan = forecast.plan
    guard plan.hasBasis else {
      return ["forecast: no measurement yet; a run of this plan, here or where `requires` says, leaves one"]
    }
    let missing = plan.withoutBasis
    let least = missing.isEmpty ? "" : "at least "
    var lines = [
      "\(palette("forecast:", .bold)) \(least)\(Self.duration(plan.elapsed)), \(Self.duration(plan.seconds)) of work"
        + " \(plan.width) steps side by side; \(Self.bytes(plan.walBytes)) of WAL; \(disk(plan));"
        + " longest lock \(Self.duration(plan.stallMilliseconds / 1_000))"
    ]
    if plan.criticalPath.count > 1 {
      lines.append("  longest chain \(Self.duration(plan.criticalSeconds)): \(plan.criticalPath.joined(separator: ", "))")
    }
    if !missing.isEmpty { lines.append("  no measurement yet of \(missing.joined(separator: ", "))") }
    return lines
  }

  private func disk(_ plan: PlanForecast) -> String {
    let most = max(plan.diskPeak, plan.diskBytes, 0)
    guard let free = forecast.freeDisk else { return "\(Self.bytes(most)) of disk" }
    let stays = limits.map { " and \($0) have to stay" } ?? ""
    return "\(Self.bytes(most)) of disk, where \(Humanised.bytes(free)) are free\(stays)"
  }

  /// One line of a step.
  static func line(_ step: StepForecast) -> String {
    var parts = [duration(step.seconds)]
    if step.walBytes >= 65_536 { parts.append("\(bytes(step.walBytes)) of WAL") }
    if step.diskBytes >= 65_536 { parts.append("\(bytes(step.diskBytes)) of disk") }
    if step.stallMilliseconds > 0 { parts.append("others wait \(duration(step.stallMilliseconds / 1_000))") }
    return "forecast \(parts.joined(separator: ", ")): \(basis(step.basis))"
  }

  /// `from staging, 2026-11-03, 1,200,000 rows there and 240,000,000 here (x200)`
  private static func basis(_ basis: StepForecast.Basis) -> String {
    let what = basis.samples > 1 ? "\(basis.samples) runs, the last in \(basis.environment)" : basis.environment
    var text = "from \(what), \(basis.at.description.prefix(10))"
    if let growth = basis.growth {
      let there = size(growth.there, beside: growth.here), here = size(growth.here, beside: growth.there)
      text += ", \(there) there and \(here) here (x\(factor(basis.ratio)))"
    } else if basis.ratio != 1 {
      text += ", grown as what it needs (x\(factor(basis.ratio)))"
    }
    switch basis.sureness {
    case .measured, .scaled: return text
    case .fitted: return text + ", of several sizes"
    case .rough: return text + ", a rough guess"
    }
  }

  private static func size(_ extent: Extent, beside other: Extent) -> String {
    guard let rows = extent.rows, other.rows != nil else { return bytes(extent.bytes) }
    return "\(Humanised.count(Int64(min(rows, 9e18)))) rows"
  }

  static func duration(_ seconds: Double) -> String { Humanised.duration(.milliseconds(Int64(min(max(seconds, 0), 1e12) * 1_000))) }

  static func bytes(_ count: Double) -> String { Humanised.bytes(Int64(min(max(count, -9e18), 9e18))) }

  /// `0.37`, `1.9`, `200`
  static func factor(_ value: Double) -> String {
    guard value.isFinite, value < 1e9 else { return "?" }
    let hundredths = Int64((value * 100).rounded())
    if value >= 10 { return "\(Int64(value.rounded()))" }
    if value >= 1 { return "\(hundredths / 100).\(hundredths / 10 % 10)" }
    return "0.\(hundredths < 10 ? "0" : "")\(hundredths)"
  }
}

extension ForecastComparison {
  /// `forecast 3.2s, x1.1`
  var text: String {
    "forecast \(ForecastText.duration(forecast))" + (factor.map { ", took x\(ForecastText.factor($0))" } ?? "")
  }

  var json: JSON { ["forecast_seconds": .double(forecast), "measured_seconds": .double(measured), "factor": factor.map(JSON.double) ?? .null] }
}

extension ForecastRecord {
  var steps: [String: ForecastComparison] { ForecastComparison.steps(body, measured: measured) }
  var total: ForecastComparison? { ForecastComparison.total(steps) }

  /// Seconds foretold for a step, whether it has run or not.
  func seconds(of step: String) -> Double? { body["steps"]?[step]?["seconds"]?.double }

  /// The forecast itself, and what came of it.
  var json: JSON {
    var object = body.object ?? JSONObject()
    object["compared"] = .object(JSONObject(steps.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }))
    object["total"] = total?.json
    return .object(object)
  }
}

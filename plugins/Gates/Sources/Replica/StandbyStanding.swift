import PlanSchema
import SQLText

/// How far one standby is, as the primary knows it.
struct StandbyStanding {
  let name: String
  /// `streaming`; another word while it connects, catches up or takes a backup.
  let state: String
  /// Written here and not replayed there; `nil`: it has not said yet.
  let bytes: Int64?
  /// How long the last change took to be replayed. The server forgets it when nothing is written, and keeps an old one
  /// for a while: of a standby that has replayed everything it says nothing.
  let lag: TimeSpan?

  init(_ row: Row) throws {
    name = try row.string("name")
    state = try row.string("state")
    bytes = try row["bytes"].map { _ in try row.int64("bytes") }
    lag = try row["lag"].map { _ in TimeSpan(milliseconds: try row.int64("lag")) }
  }

  var isIdle: Bool { bytes == 0 }

  /// Why it does not do; `nil`: it does.
  func problem(_ maxBytes: ByteSize, _ maxLag: TimeSpan) -> String? {
    guard let bytes else { return "standby \(name) is connected (\(state)) and has not said how far it is" }
    if isIdle { return nil }
    if bytes > maxBytes.bytes {
      return "standby \(name) is \(ByteSize(bytes: bytes).readable) of WAL behind, \(maxBytes) are allowed; "
        + "it opens when it has caught up"
    }
    if let lag, lag > maxLag {
      return "standby \(name) replays \(lag) behind, \(maxLag) are allowed; it opens when it has caught up"
    }
    return nil
  }

  var text: String {
    if isIdle { return "has replayed everything" + (lag == nil ? ": nothing is being written" : "") }
    return "is \(ByteSize(bytes: bytes ?? 0).readable) of WAL behind" + (lag.map { ", by \($0)" } ?? "")
  }
}

extension ByteSize {
  /// To three figures, for people: sizes that were measured are never round.
  var readable: String {
    var rest = Double(bytes), unit = 0
    let units = ["B", "kB", "MB", "GB", "TB"]
    while rest >= 1024, unit < units.count - 1 {
      rest /= 1024
      unit += 1
    }
    let tenths = Int((rest * 10).rounded())
    return unit == 0 || tenths >= 1000 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}

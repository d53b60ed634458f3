import CommandLineKit
import Engine
import JSONText
import Journal

extension ClosedGate {
  /// Why it is closed, and when it is asked again.
  var text: String {
    guard let next else { return reason }
    return "\(reason); asked again at \(Instant.short(next))"
  }

  var json: JSON {
    ["step": JSON(step), "kind": .string(kind), "reason": .string(reason), "next": JSON(next)]
  }
}

extension GateRecord {
  var json: JSON {
    var object = JSONObject([("gate", .string(gate)), ("kind", .string(kind)), ("open", .bool(isOpen))])
    if isVoted {
      object["given"] = .int(Int64(given))
      object["needed"] = .int(Int64(needed))
    } else {
      object["reason"] = JSON(reason)
      object["next"] = JSON(nextAt)
    }
    return .object(object)
  }
}

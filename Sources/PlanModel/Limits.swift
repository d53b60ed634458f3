package import JSONText
package import PlanSchema

/// What must not run out while a run is at work: past one of these it stops, and no step begins.
package struct Limits: Sendable, Hashable {
  /// What has to stay free where the server keeps its data; only seen from the server's own host.
  package var freeDisk: ByteSize?
  /// How much WAL a replication slot may hold back.
  package var slotWal: ByteSize?

  package static let none = Limits(freeDisk: nil, slotWal: nil)
  package var isEmpty: Bool { self == .none }

  package var json: JSON {
    var object = JSONObject()
    object["free_disk"] = freeDisk?.json
    object["slot_wal"] = slotWal?.json
    return .object(object)
  }
}

/// The keys under `limits:`.
struct LimitKeys: ParameterSet {
  @Parameter("What has to stay free where the server keeps its data, when it runs on the host of caisson.")
  var freeDisk: ByteSize?
  @Parameter("How much WAL a replication slot may hold back.") var slotWal: ByteSize?

  var value: Limits { Limits(freeDisk: freeDisk, slotWal: slotWal) }
}

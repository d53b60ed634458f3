/// What an error means for the step that met it.
package enum FailureClass: String, Sendable, Hashable, CaseIterable {
  /// Somebody else had the lock, or the same rows: the same work may succeed soon.
  case lockContention
  /// Nobody knows how far the server got: reconnect, then look.
  case connectionLost
  /// A standby, or a primary that became one: reconnect to find the primary.
  case wrongNode
  /// A full disk or no memory: trying again makes it worse.
  case resources
  /// No connection slot: try again.
  case connections
  /// We asked for it.
  case canceled
  /// statement_timeout, or another session's cancel.
  case timeout
  case permanent

  /// `broken`: the connection did not survive.
  package init(sqlState: String?, broken: Bool = false, canceledByUs: Bool = false) {
    guard let sqlState else {
      self = canceledByUs && !broken ? .canceled : broken ? .connectionLost : .permanent
      return
    }
    if sqlState == "57014" {
      self = canceledByUs ? .canceled : .timeout
    } else if let known = FailureClass.states[sqlState] ?? FailureClass.classes[String(sqlState.prefix(2))] {
      self = known
    } else {
      self = broken ? .connectionLost : .permanent
    }
  }

  /// The retry policy may try again without a person.
  package var isRetried: Bool {
    switch self {
    case .lockContention, .connectionLost, .wrongNode, .connections: true
    case .resources, .canceled, .timeout, .permanent: false
    }
  }

  static let states: [String: FailureClass] = [
    "55P03": .lockContention, "40P01": .lockContention, "40001": .lockContention,
    "57P01": .connectionLost, "57P02": .connectionLost, "57P03": .connectionLost, "57P05": .connectionLost,
    "25P03": .connectionLost, "25P04": .connectionLost,
    "25006": .wrongNode,
    "53300": .connections,
    "53000": .resources, "53100": .resources, "53200": .resources, "53400": .resources,
  ]

  /// By the first two characters. 08P01 comes from poolers whose server went away.
  static let classes: [String: FailureClass] = ["08": .connectionLost]

  /// What a person does about it, where trying again is no answer.
  package static func hint(sqlState: String) -> String? {
    switch sqlState {
    case "53100": "the server's disk is full: free space there, then resume"
    case "53200": "the server is out of memory: lower work_mem or maintenance_work_mem, then resume"
    case "53400": "a configured limit of the server is reached: raise it, then resume"
    default: nil
    }
  }
}

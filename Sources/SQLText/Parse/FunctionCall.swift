package import JSONText

/// A function that an expression calls.
public struct FunctionCall: Sendable, Hashable {
  /// `nil` when not qualified.
  public let schema: String?
  public let name: String
  /// The byte in the source, as in the tree.
  package let location: JSON?

  package init(schema: String?, name: String, location: JSON?) {
    self.schema = schema
    self.name = name
    self.location = location
  }

  init?(_ call: JSON) {
    let names = call.names("funcname")
    guard let name = names.last else { return nil }
    self.init(schema: names.count > 1 ? names[names.count - 2] : nil, name: name, location: call["location"])
  }

  /// True for a function that comes with the server; a user's function of the same name in `public` never shadows it.
  public var isBuiltin: Bool {
    schema == "pg_catalog" || (schema == nil && SystemNames.isBuiltin(function: name))
  }

  /// True when the function is known not to be IMMUTABLE (`now()`, `CURRENT_DATE`, `random()`, …).
  public var isChanging: Bool { isBuiltin && SystemNames.isChanging(function: name) }

  /// True when it gives another value for every row (`gen_random_uuid()`, `clock_timestamp()`, …).
  public var isVolatile: Bool { (schema == nil || schema == "pg_catalog") && SystemNames.volatile.contains(name) }
}

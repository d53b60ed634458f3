/// A folder under plugins/: its step kinds.
public protocol Plugin: Sendable {
  static var name: String { get }
  static var summary: String { get }
  static var kinds: [any StepKind.Type] { get }
  /// What it adds to `caisson status`.
  static var status: [StatusQuery] { get }
}

extension Plugin {
  public static var status: [StatusQuery] { [] }
}

/// Every step kind a plan may use.
public struct StepRegistry: Sendable {
  public let plugins: [any Plugin.Type]
  private let byName: [String: any StepKind.Type]

  public init(_ plugins: [any Plugin.Type]) {
    self.plugins = plugins
    var byName: [String: any StepKind.Type] = [:]
    for plugin in plugins {
      for kind in plugin.kinds { byName[kind.name] = kind }
    }
    self.byName = byName
  }

  public subscript(name: String) -> (any StepKind.Type)? { byName[name] }
  public var names: [String] { byName.keys.sorted() }
  public var kinds: [any StepKind.Type] { names.compactMap { self[$0] } }
}
